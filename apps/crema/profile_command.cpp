#include "apps/crema/commands.hpp"
#include "apps/crema/exit_status.hpp"
#include "apps/crema/time_text.hpp"
#include "dataflow/error.hpp"
#include "net/profile.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace crema::command {

namespace {

using net::profile;

int create(const std::string& name, const std::string& hosts) {
  const auto made = profile::create(name, net::parse_addresses(hosts));
  std::printf("%s\n", made.path().c_str());
  return done;
}

int list_profiles() {
  for (const auto& name : profile::list())
    std::printf("%s\n", name.c_str());
  return done;
}

void show_keys(const profile& of, net::role is) {
  const auto label = std::string{net::name(is)};
  try {
    const auto facts = net::facts_of(of.keys(is).own.certificate);
    std::printf("%-12s valid until %s\n", label.c_str(), date_text(facts.end).c_str());
  } catch (const error& e) {
    std::printf("%-12s %s\n", label.c_str(), e.text().c_str());
  }
}

int show(const std::string& name) {
  const auto shown = profile::open(name);
  std::printf("%-12s %s\n", "path", shown.path().c_str());
  std::printf("%-12s %s\n", "cluster", shown.cluster().c_str());
  const auto where = shown.where();
  std::printf("%-12s", "controller");
  for (const auto& each : where.controllers)
    std::printf(" %s", to_string(each).c_str());
  std::printf("\n%-12s %llu\n", "starts", static_cast<unsigned long long>(where.epoch));
  for (const auto is : {net::role::controller, net::role::node, net::role::driver})
    show_keys(shown, is);
  return done;
}

int remove(const std::string& name) {
  profile::remove(name);
  return done;
}

} // namespace

void add_profile(CLI::App& app, action& chosen) {
  auto* const command = app.add_subcommand("profile", "Makes, lists, shows and removes profiles");
  document(*command, "A profile is a cluster's name, its keys, and where its controller is.");
  const auto name = std::make_shared<std::string>();
  const auto hosts = std::make_shared<std::string>("127.0.0.1:7123");

  auto* const create_it = command->add_subcommand("create", "Makes a profile");
  document(*create_it,
           "Makes an authority, keys for the controller, nodes and drivers, and the connection file; prints where. "
           "Only this user can read it. A machine that runs nodes needs authority.crt, node.pem and "
           "connection.toml: copy them by a way that nobody else can read.");
  create_it->add_option("NAME", *name, "letters, digits, _ and -")->required();
  create_it->add_option("--host", *hosts, "where the controller will be reached: HOST:PORT, several with commas")
    ->capture_default_str();
  create_it->callback([&chosen, name, hosts] { chosen = [=] { return create(*name, *hosts); }; });

  command->add_subcommand("list", "Prints the names of all profiles")->callback([&chosen] { chosen = &list_profiles; });

  auto* const show_it = command->add_subcommand("show", "Prints what a profile says, but no key");
  show_it->add_option("NAME", *name)->required();
  show_it->callback([&chosen, name] { chosen = [=] { return show(*name); }; });

  auto* const remove_it = command->add_subcommand("remove", "Removes a profile");
  document(*remove_it, "Removes the profile's files for good. What runs goes on, but nothing can join it any more.");
  remove_it->add_option("NAME", *name)->required();
  remove_it->callback([&chosen, name] { chosen = [=] { return remove(*name); }; });
}

} // namespace crema::command
