#include "tests/dataflow/conformance/syntax.hpp"

#include <cctype>
#include <charconv>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

namespace crema::testing {

namespace {

struct token {
  enum class kind { number, text, name, symbol, end };
  kind what;
  std::string text;
};

bool begins_name(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool in_name(char c) {
  return begins_name(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

token quoted(std::string_view& rest) {
  static const std::map<char, char> escapes{{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'"', '"'}, {'\\', '\\'}};
  token text{token::kind::text, {}};
  std::size_t i = 1;
  for (; rest.at(i) != '"'; ++i)
    text.text += rest[i] == '\\' ? escapes.at(rest.at(++i)) : rest[i];
  rest.remove_prefix(i + 1);
  return text;
}

token next_token(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ' ')
    rest.remove_prefix(1);
  if (rest.empty())
    return {token::kind::end, {}};
  if (rest.front() == '"')
    return quoted(rest);
  std::size_t n = 1;
  auto what = token::kind::symbol;
  if (begins_name(rest.front())) {
    what = token::kind::name;
    while (n < rest.size() && in_name(rest[n]))
      ++n;
  } else if (std::isdigit(static_cast<unsigned char>(rest.front())) != 0) {
    what = token::kind::number;
    while (n < rest.size() && (in_name(rest[n]) || rest[n] == '.'))
      ++n;
  } else if (const auto two = rest.substr(0, 2); two == "=>" || two == "==") {
    n = 2;
  }
  token found{what, std::string{rest.substr(0, n)}};
  rest.remove_prefix(n);
  return found;
}

std::vector<token> tokens_of(std::string_view source) {
  std::vector<token> tokens;
  do
    tokens.push_back(next_token(source));
  while (tokens.back().what != token::kind::end);
  return tokens;
}

class parser {
public:
  explicit parser(std::string_view source) : source_{source}, tokens_{tokens_of(source)} {}

  std::vector<expression_ptr> statements() {
    std::vector<expression_ptr> all;
    do
      all.push_back(statement());
    while (accept(";"));
    if (now().what != token::kind::end)
      fail();
    return all;
  }

private:
  using kind = expression::kind;

  const token& now(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool is(std::string_view text, std::size_t ahead = 0) const {
    return now(ahead).text == text && (now(ahead).what == token::kind::symbol || now(ahead).what == token::kind::name);
  }
  bool accept(std::string_view text) {
    const bool here = is(text);
    at_ += here ? 1 : 0;
    return here;
  }
  void expect(std::string_view text) {
    if (!accept(text))
      fail();
  }
  std::string name() {
    if (now().what != token::kind::name)
      fail();
    return tokens_[at_++].text;
  }
  [[noreturn]] void fail() const {
    throw std::invalid_argument{"cannot parse `" + std::string{source_} + "` at token " + std::to_string(at_) + " `"
                                + now().text + "`"};
  }
  static expression_ptr make(expression e) { return std::make_shared<const expression>(std::move(e)); }

  expression_ptr statement() {
    if (now().what == token::kind::name && is("=", 1)) {
      auto target = name();
      expect("=");
      return make({.what = kind::assignment, .text = std::move(target), .parts = {term()}});
    }
    return term();
  }

  /// Whether a function `(a, b) => …` stands here, and not a tuple.
  bool at_parameters() const {
    std::size_t i = 1;
    while (now(i).what == token::kind::name || is(",", i))
      ++i;
    return is("(") && is(")", i) && is("=>", i + 1);
  }

  expression_ptr term() {
    std::vector<std::string> parameters;
    if (now().what == token::kind::name && is("=>", 1)) {
      parameters.push_back(name());
    } else if (at_parameters()) {
      expect("(");
      do
        parameters.push_back(name());
      while (accept(","));
      expect(")");
    } else {
      return binary(0);
    }
    expect("=>");
    return make({.what = kind::function, .parts = {term()}, .names = std::move(parameters)});
  }

  expression_ptr binary(std::size_t level) {
    static const std::vector<std::vector<std::string_view>> levels{{"<", ">", "=="}, {"&"}, {"+", "-"}, {"*", "%"}};
    if (level == levels.size())
      return unary();
    auto left = binary(level + 1);
    for (bool found = true; found;) {
      found = false;
      for (auto op : levels[level])
        if (!found && accept(op)) {
          left = make({.what = kind::binary, .text = std::string{op}, .parts = {left, binary(level + 1)}});
          found = true;
        }
    }
    return left;
  }

  expression_ptr unary() {
    if (accept("-"))
      return make({.what = kind::unary, .text = "-", .parts = {unary()}});
    return postfix();
  }

  expression_ptr postfix() {
    auto e = primary();
    for (;;)
      if (accept("."))
        e = make({.what = kind::member, .text = name(), .parts = {e}});
      else if (accept("("))
        e = make({.what = kind::call, .parts = sequence(e, ")")});
      else if (accept("["))
        e = make({.what = kind::index, .parts = sequence(e, "]")});
      else
        return e;
  }

  /// `first` and the terms up to `end`.
  std::vector<expression_ptr> sequence(expression_ptr first, std::string_view end) {
    std::vector<expression_ptr> all;
    if (first)
      all.push_back(std::move(first));
    if (!accept(end)) {
      do
        all.push_back(term());
      while (accept(","));
      expect(end);
    }
    return all;
  }

  expression_ptr primary() {
    const auto& here = now();
    if (here.what == token::kind::text)
      return make({.what = kind::literal, .constant = tokens_[at_++].text});
    if (here.what == token::kind::number)
      return number();
    if (here.what == token::kind::name)
      return word();
    if (accept("["))
      return bracket();
    expect("(");
    auto parts = sequence(nullptr, ")");
    return parts.size() == 1 ? parts.front() : make({.what = kind::sequence, .parts = std::move(parts)});
  }

  expression_ptr number() {
    const auto& text = tokens_[at_++].text;
    if (text.find_first_of(".e") == std::string::npos)
      return make({.what = kind::literal, .constant = std::int64_t{std::stoll(text)}});
    return make({.what = kind::literal, .constant = std::stod(text)});
  }

  expression_ptr word() {
    static const std::map<std::string_view, value> constants{
      {"null", {}}, {"true", true}, {"false", false}, {"nan", std::numeric_limits<double>::quiet_NaN()}};
    auto text = name();
    if (const auto constant = constants.find(text); constant != constants.end())
      return make({.what = kind::literal, .constant = constant->second});
    return make({.what = kind::name, .text = std::move(text)});
  }

  expression_ptr bracket() {
    if (accept("]"))
      return make({.what = kind::sequence});
    auto first = term();
    if (accept("for")) {
      auto element = name();
      expect("in");
      auto range = term();
      expect("]");
      return make({.what = kind::comprehension, .parts = {first, range}, .names = {std::move(element)}});
    }
    std::vector<expression_ptr> parts;
    if (accept(","))
      parts = sequence(first, "]");
    else {
      expect("]");
      parts.push_back(std::move(first));
    }
    return make({.what = kind::sequence, .parts = std::move(parts)});
  }

  std::string_view source_;
  std::vector<token> tokens_;
  std::size_t at_ = 0;
};

} // namespace

std::vector<expression_ptr> parse(std::string_view source) {
  return parser{source}.statements();
}

std::vector<std::string> names_in(std::string_view source) {
  std::vector<std::string> names;
  for (auto& found : tokens_of(source))
    if (found.what == token::kind::name)
      names.push_back(std::move(found.text));
  return names;
}

} // namespace crema::testing
