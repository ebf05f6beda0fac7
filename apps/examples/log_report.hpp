#pragma once

#include <crema/crema.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crema::examples {

/// What the report needs of one line of a web server's log. The views are parts of the line.
struct request {
  std::string_view host;
  std::string_view path; ///< without the query; the whole request line where it is not "METHOD path PROTOCOL"
  std::string_view status;
  std::uint64_t bytes = 0;
};

/// Takes what is before `mark` from the front of `rest`, and `mark`; nothing if there is none.
inline std::optional<std::string_view> take_until(std::string_view& rest, std::string_view mark) {
  const auto at = rest.find(mark);
  if (at == rest.npos)
    return {};
  const auto taken = rest.substr(0, at);
  rest.remove_prefix(at + mark.size());
  return taken;
}

/// Takes a quoted text, whose opening quote is gone already; `\"` does not end it.
inline std::optional<std::string_view> take_quoted(std::string_view& rest) {
  for (std::size_t i = 0; i < rest.size(); ++i)
    if (rest[i] == '\\') {
      ++i;
    } else if (rest[i] == '"') {
      const auto taken = rest.substr(0, i);
      rest.remove_prefix(i + 1);
      return taken;
    }
  return {};
}

/// "GET /a/b?c HTTP/1.1" gives "/a/b".
inline std::string_view path_of(std::string_view request_line) {
  auto rest = request_line;
  if (!take_until(rest, " ") || rest.empty())
    return request_line;
  return rest.substr(0, rest.find_first_of("? "));
}

/// Reads a line in the Common Log Format, or in the combined one, which goes on:
///
///     host ident user [time] "request" status bytes
///
/// Nothing for any other line.
inline std::optional<request> parse_request(std::string_view line) {
  const auto host = take_until(line, " ");
  if (!host || host->empty() || !take_until(line, " [") || !take_until(line, "] \""))
    return {};
  const auto request_line = take_quoted(line);
  if (!request_line || line.size() < 6 || line[0] != ' ' || line[4] != ' ')
    return {};
  request read{*host, path_of(*request_line), line.substr(1, 3), 0};
  for (const char digit : read.status)
    if (digit < '0' || digit > '9')
      return {};
  line.remove_prefix(5);
  const auto size = line.substr(0, line.find(' '));
  const auto [end, problem] = std::from_chars(size.data(), size.data() + size.size(), read.bytes);
  if (size != "-" && (problem != std::errc{} || end != size.data() + size.size()))
    return {};
  return read;
}

/// What a line of the report is about.
enum class subject : std::uint8_t { path, status, host };

/// How many requests, and how many bytes they sent.
struct traffic {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;

  friend traffic operator+(traffic a, traffic b) { return {a.requests + b.requests, a.bytes + b.bytes}; }
  bool operator==(const traffic&) const = default;
};

using subject_traffic = std::pair<std::pair<subject, std::string>, traffic>;
using named_traffic = std::pair<std::string, traffic>;

/// The paths and hosts that stand out, and every status.
struct traffic_report {
  std::vector<named_traffic> paths;    ///< most requests first
  std::vector<named_traffic> statuses; ///< by status
  std::vector<named_traffic> hosts;    ///< most bytes first
  std::uint64_t malformed = 0;         ///< lines that are no requests
};

/// The traffic of every path, status and host in one pass: each request counts under three keys of one reduction, so
/// that there may be more of them than fit into memory.
template <class Add>
rdd<subject_traffic> traffic_by_subject(const context& ctx, const std::string& uris,
                                        const accumulator<std::uint64_t, Add>& malformed) {
  return ctx.text_file(uris)
    .filter([](std::string_view line) { return !line.empty(); })
    .map([malformed](std::string_view line) {
      auto read = parse_request(line);
      if (!read)
        malformed.add(1U);
      return read.value_or(request{});
    })
    .filter([](const request& one) { return !one.host.empty(); })
    .flat_map([](const request& one) {
      const auto count = [&one](subject about, std::string_view name) {
        return subject_traffic{{about, std::string{name}}, {1, one.bytes}};
      };
      return std::array{count(subject::path, one.path), count(subject::status, one.status),
                        count(subject::host, one.host)};
    })
    .reduce_by_key(std::plus{});
}

/// Reports the logs `uris`, with at most `top` paths and hosts. Equal ones are in byte order of their names.
inline traffic_report report_traffic(const context& ctx, const std::string& uris, std::int64_t top) {
  const auto malformed = ctx.accumulator(std::uint64_t{0});
  const auto totals = traffic_by_subject(ctx, uris, malformed).cache();
  const auto about = [&totals](subject wanted) {
    return totals.filter([wanted](const subject_traffic& one) { return one.first.first == wanted; })
      .map([](const subject_traffic& one) {
        return named_traffic{one.first.second, one.second};
      });
  };
  traffic_report report;
  report.paths = about(subject::path).take_ordered(top, [](const named_traffic& one) {
    return std::pair{~one.second.requests, one.first};
  });
  report.hosts = about(subject::host).take_ordered(top, [](const named_traffic& one) {
    return std::pair{~one.second.bytes, one.first};
  });
  report.statuses = about(subject::status).take_ordered(1000, [](const named_traffic& one) { return one.first; });
  report.malformed = malformed.value();
  return report;
}

} // namespace crema::examples
