#include "tests/harness/trace.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace crema::testing {

namespace {

const char* verb(trace_event::kind of) {
  switch (of) {
  case trace_event::kind::spawned:
    return "spawned";
  case trace_event::kind::started:
    return "started";
  case trace_event::kind::received:
    return "received";
  case trace_event::kind::skipped:
    return "skipped";
  case trace_event::kind::ended:
    return "ended";
  case trace_event::kind::fault:
    return "fault";
  case trace_event::kind::note:
    break;
  }
  return "note";
}

/// Text that Mermaid takes for text.
std::string plain(std::string text) {
  for (char& c : text)
    if (c == ';' || c == '#' || c == '\n' || c == '"')
      c = ' ';
  return text;
}

} // namespace

void trace::add(trace_event event) {
  for (const std::uint64_t part :
       {static_cast<std::uint64_t>(event.of), event.from, event.to, event.key,
        static_cast<std::uint64_t>(event.waiting), event.step, static_cast<std::uint64_t>(event.at.count())}) {
    hash_ = (hash_ ^ part) * 0x0000'0100'0000'01B3;
    hash_ ^= hash_ >> 29;
  }
  ++size_;
  events_.push_back(std::move(event));
  if (events_.size() > length_)
    events_.pop_front();
}

void trace::name(caf::actor_id actor, std::string name) {
  if (names_.size() <= actor)
    names_.resize(actor + 1);
  names_[actor] = std::move(name);
}

std::string trace::name_of(caf::actor_id actor) const {
  if (actor == 0)
    return "nobody";
  const bool known = actor < names_.size() && !names_[actor].empty();
  return (known ? names_[actor] : std::string{"actor"}) + '#' + std::to_string(actor);
}

std::size_t trace::first_of_last(std::size_t most) const noexcept {
  return events_.size() - std::min(most, events_.size());
}

std::string trace::line(const trace_event& event) const {
  auto text = std::to_string(event.step) + "  " + std::to_string(event.at.count()) + "ns  ";
  switch (event.of) {
  case trace_event::kind::spawned:
    return text + name_of(event.to) + " spawned by " + (event.from == 0 ? "the test" : name_of(event.from));
  case trace_event::kind::received:
  case trace_event::kind::skipped:
    text += name_of(event.from) + " -> " + name_of(event.to) + "  " + event.what;
    if (event.of == trace_event::kind::skipped)
      text += "  (skipped)";
    return event.waiting == 0 ? text : text + "  (" + std::to_string(event.waiting) + " more wait)";
  case trace_event::kind::started:
    return text + name_of(event.to) + " started";
  case trace_event::kind::ended:
    return text + name_of(event.to) + " ended: " + event.what;
  case trace_event::kind::fault:
    return text + "FAULT  " + event.what;
  case trace_event::kind::note:
    break;
  }
  return text + event.what;
}

std::string trace::to_text(std::size_t most) const {
  std::string text;
  for (auto i = first_of_last(most); i != events_.size(); ++i)
    text += "  " + line(events_[i]) + '\n';
  return text;
}

std::string trace::to_mermaid(std::size_t most) const {
  const auto alias = [](caf::actor_id actor) {
    std::string name = "a";
    name += std::to_string(actor);
    return name;
  };
  std::string people, arrows;
  std::set<caf::actor_id> seen;
  const auto meet = [&](caf::actor_id actor) {
    if (seen.insert(actor).second)
      people += "  participant " + alias(actor) + " as " + plain(name_of(actor)) + '\n';
  };
  for (auto i = first_of_last(most); i != events_.size(); ++i) {
    const auto& event = events_[i];
    meet(event.to);
    if (event.of == trace_event::kind::received || event.of == trace_event::kind::skipped) {
      meet(event.from);
      arrows += "  " + alias(event.from) + (event.of == trace_event::kind::received ? "->>" : "-->>") + alias(event.to)
                + ": " + plain(event.what) + '\n';
    } else {
      arrows += "  Note over " + alias(event.to) + ": " + verb(event.of) + ' ' + plain(event.what) + '\n';
    }
  }
  return "sequenceDiagram\n" + people + arrows;
}

std::string trace::to_json() const {
  auto all = nlohmann::json::array();
  for (const auto& event : events_) {
    nlohmann::json one{{"step", event.step}, {"at_ns", event.at.count()}, {"event", verb(event.of)}};
    if (event.from != 0)
      one["from"] = name_of(event.from);
    if (event.to != 0)
      one["to"] = name_of(event.to);
    if (!event.what.empty())
      one["what"] = event.what;
    if (event.waiting != 0)
      one["waiting"] = event.waiting;
    all.push_back(std::move(one));
  }
  return all.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

} // namespace crema::testing
