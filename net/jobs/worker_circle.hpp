#pragma once

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace crema::net {

/// Which workers of a driver can do a job together: each of them is connected with all the others. Pure.
///
/// Whoever is in the circle stays there while he can; others come in as soon as they know all that are in it. Two in it
/// that lose each other cost the younger one its place.
class worker_circle {
public:
  /// The worker has answered the driver.
  void came(int number);

  /// The connection of two workers works in both directions, or not any more.
  void met(int one, int other);
  void parted(int one, int other);

  void left(int number);

  bool knows(int one, int other) const { return met_.contains(std::minmax(one, other)); }
  bool contains(int number) const;

  /// Their numbers. Who comes takes the place of one that has left, so that the others keep theirs.
  std::vector<int> members() const;

private:
  static constexpr int nobody = -1;

  bool fits(int number) const;
  void admit();

  std::set<int> present_;
  std::set<std::pair<int, int>> met_; ///< the smaller number first
  std::vector<int> places_;
};

} // namespace crema::net
