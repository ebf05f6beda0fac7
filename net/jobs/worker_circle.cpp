#include "net/jobs/worker_circle.hpp"

#include <algorithm>
#include <iterator>

namespace crema::net {

void worker_circle::came(int number) {
  present_.insert(number);
  admit();
}

void worker_circle::met(int one, int other) {
  met_.insert(std::minmax(one, other));
  admit();
}

void worker_circle::parted(int one, int other) {
  met_.erase(std::minmax(one, other));
  const auto [older, younger] = std::minmax(one, other);
  if (contains(older))
    std::ranges::replace(places_, younger, nobody);
  admit();
}

void worker_circle::left(int number) {
  present_.erase(number);
  std::erase_if(met_, [&](const auto& pair) { return pair.first == number || pair.second == number; });
  std::ranges::replace(places_, number, nobody);
  admit();
}

bool worker_circle::contains(int number) const {
  return std::ranges::find(places_, number) != places_.end();
}

std::vector<int> worker_circle::members() const {
  std::vector<int> numbers;
  std::ranges::copy_if(places_, std::back_inserter(numbers), [](int each) { return each != nobody; });
  return numbers;
}

bool worker_circle::fits(int number) const {
  return std::ranges::all_of(places_, [&](int each) { return each == nobody || knows(number, each); });
}

void worker_circle::admit() {
  for (const int each : present_) {
    if (contains(each) || !fits(each))
      continue;
    const auto place = std::ranges::find(places_, nobody);
    place == places_.end() ? places_.push_back(each) : static_cast<void>(*place = each);
  }
}

} // namespace crema::net
