#include "tests/harness/recipe.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <utility>

namespace crema::testing {

namespace {

using numbers = std::vector<std::uint64_t>;

std::string to_text(const numbers& of) {
  std::string text;
  for (std::size_t i = 0; i != of.size();) {
    auto end = i;
    while (end != of.size() && of[end] == of[i])
      ++end;
    if (!text.empty())
      text += '.';
    text += std::to_string(of[i]);
    if (end - i > 1)
      text += '*' + std::to_string(end - i);
    i = end;
  }
  return text;
}

std::uint64_t parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || rest != text.data() + text.size())
    throw std::invalid_argument{"\"" + std::string{text} + "\" in a replay is no number"};
  return value;
}

numbers parse_numbers(std::string_view text) {
  numbers all;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find('.'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const auto star = part.find('*');
    const auto times = star == part.npos ? 1 : parse_number(part.substr(star + 1));
    if (times > 1'000'000)
      throw std::invalid_argument{"a replay repeats a number " + std::to_string(times) + " times"};
    all.insert(all.end(), times, parse_number(part.substr(0, star)));
  }
  return all;
}

/// Decisions that are not the simplest count most: to replace one by zeros may make room for more zeros.
auto size_of(const recipe& of) {
  const auto decisions = [](const numbers& all) { return std::ranges::count_if(all, [](auto n) { return n != 0; }); };
  return std::tuple{decisions(of.draws) + decisions(of.picks), of.draws.size() + of.picks.size(), of.draws, of.picks};
}

class shrinker {
public:
  shrinker(recipe failing, const std::function<std::optional<recipe>(const recipe&)>& attempt, std::uint64_t most)
      : best_{std::move(failing)}, attempt_{attempt}, left_{most} {}

  recipe run() {
    bool better = true;
    while (better && left_ != 0) {
      const auto before = best_;
      shorten(&recipe::picks);
      shorten(&recipe::draws);
      remove_parts(&recipe::draws);
      clear_parts(&recipe::picks);
      clear_parts(&recipe::draws);
      lower(&recipe::draws);
      lower(&recipe::picks);
      better = size_of(best_) < size_of(before);
    }
    return std::move(best_);
  }

private:
  using part = numbers recipe::*;

  bool accept(const recipe& candidate) {
    if (left_ == 0 || candidate == best_)
      return false;
    --left_;
    auto used = attempt_(candidate);
    if (!used || !(size_of(*used) < size_of(best_)))
      return false;
    best_ = std::move(*used);
    return true;
  }

  bool accept_edit(part of, const std::function<void(numbers&)>& edit) {
    auto candidate = best_;
    edit(candidate.*of);
    return accept(candidate);
  }

  /// The shortest beginning that is enough, by bisection.
  void shorten(part of) {
    std::size_t enough = (best_.*of).size();
    for (std::size_t too_little = 0; too_little < enough && left_ != 0;) {
      const auto middle = too_little + (enough - too_little) / 2;
      if (accept_edit(of, [&](numbers& all) { all.resize(std::min(all.size(), middle)); }))
        enough = std::min(middle, (best_.*of).size());
      else
        too_little = middle + 1;
    }
  }

  template <class Edit>
  void edit_parts(part of, Edit&& edit) {
    for (std::size_t length = std::max<std::size_t>(1, (best_.*of).size() / 2); length != 0 && left_ != 0; length /= 2)
      for (auto end = (best_.*of).size(); end >= length && left_ != 0;) {
        const auto begin = end - length;
        accept_edit(of, [&](numbers& all) { edit(all, begin, end); });
        end = std::min(begin, (best_.*of).size());
      }
  }

  void remove_parts(part of) {
    edit_parts(of, [](numbers& all, std::size_t begin, std::size_t end) {
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(end));
    });
  }

  void clear_parts(part of) {
    edit_parts(of, [](numbers& all, std::size_t begin, std::size_t end) {
      std::fill(all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(end), 0U);
    });
  }

  /// Each number to the smallest that is enough, by bisection.
  void lower(part of) {
    for (std::size_t i = 0; i < (best_.*of).size() && left_ != 0; ++i)
      for (std::uint64_t too_little = 0; left_ != 0 && i < (best_.*of).size() && too_little < (best_.*of)[i];) {
        const auto middle = too_little + ((best_.*of)[i] - too_little) / 2;
        if (!accept_edit(of, [&](numbers& all) { all[i] = middle; }))
          too_little = middle + 1;
      }
  }

  recipe best_;
  const std::function<std::optional<recipe>(const recipe&)>& attempt_;
  std::uint64_t left_;
};

} // namespace

std::string to_text(const recipe& of) {
  return to_text(of.draws) + '/' + to_text(of.picks);
}

recipe parse_recipe(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == text.npos)
    throw std::invalid_argument{"a replay has draws and picks with a slash between: 0.3/0*5.1"};
  const std::string_view view{text};
  return {parse_numbers(view.substr(0, slash)), parse_numbers(view.substr(slash + 1))};
}

recipe shrink(recipe failing, const std::function<std::optional<recipe>(const recipe&)>& attempt, std::uint64_t most) {
  return shrinker{std::move(failing), attempt, most}.run();
}

} // namespace crema::testing
