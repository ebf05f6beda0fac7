#include "apps/crema/settings.hpp"

#include "dataflow/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace crema::command {

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string failure(const std::function<void(settings_reader&)>& read) {
  settings_reader reader;
  try {
    read(reader);
    reader.values();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    return e.text();
  }
  return "no error";
}

std::string failure_of_file(const std::string& text) {
  return failure([&](settings_reader& reader) { reader.read_toml("crema.toml", text); });
}

std::string failure_of_variable(const char* variable) {
  const char* const environment[] = {"HOME=/", variable, nullptr};
  return failure([&](settings_reader& reader) { reader.read_environment(environment); });
}

const setting& find(std::string_view key) {
  for (const auto& each : all_settings())
    if (each.key == key)
      return each;
  throw std::out_of_range{"no such setting"};
}

} // namespace

TEST(Settings, HaveNamesForFilesVariablesAndFlags) {
  const auto& slots = find("node.cpu_slots");
  EXPECT_EQ(section_of(slots), "node");
  EXPECT_EQ(name_of(slots), "cpu_slots");
  EXPECT_EQ(variable_of(slots), "CREMA_NODE__CPU_SLOTS");
  EXPECT_EQ(flag_of(slots), "--cpu-slots");
  EXPECT_EQ(flag_of(find("heartbeat.dead")), "--heartbeat-dead");
}

TEST(Settings, AreTakenFromTheLastPlaceThatNamesThem) {
  const char* const environment[] = {"CREMA_NODE__CPU_SLOTS=3", "CREMA_NODE__IO_SLOTS=30", "CREMA_MASTER=local",
                                     nullptr};
  settings_reader reader;
  reader.read_toml("user.toml", "[node]\ncpu_slots = 1\nio_slots = 10\nmemory = \"1G\"\nname = \"a\"");
  reader.read_toml("profile.toml", "\n[node]\ncpu_slots = 2\nio_slots = 20\nmemory = 2048");
  reader.read_environment(environment);
  reader.set(find("node.cpu_slots"), "--cpu-slots", "4");
  EXPECT_EQ(reader.values().node_cpu_slots, 4U);
  EXPECT_EQ(reader.values().node_io_slots, 30U);
  EXPECT_EQ(reader.values().node_memory, 2048U);
  EXPECT_EQ(reader.values().node_name, "a");
  EXPECT_EQ(reader.origin_of(find("node.cpu_slots")), "--cpu-slots");
  EXPECT_EQ(reader.origin_of(find("node.io_slots")), "CREMA_NODE__IO_SLOTS");
  EXPECT_EQ(reader.origin_of(find("node.memory")), "profile.toml:5");
  EXPECT_EQ(reader.origin_of(find("node.name")), "user.toml:5");
  EXPECT_EQ(reader.origin_of(find("node.listen")), "default");
}

TEST(Settings, ReadWhatTheyShow) {
  settings_reader reader;
  reader.set("node.join=10.0.0.5:7123,[::1]:8");
  reader.set("node.name=\"quoted\" \\ and odd");
  reader.set("heartbeat.dead=9s");
  const auto shown = reader.show();
  EXPECT_THAT(shown, HasSubstr("dead = '9000ms'"));
  EXPECT_THAT(shown, HasSubstr("# --set heartbeat.dead\n"));
  EXPECT_THAT(shown, HasSubstr("[controller]\nlisten = '127.0.0.1:7123'"));
  settings_reader again;
  again.read_toml("shown.toml", shown);
  for (const auto& each : all_settings())
    EXPECT_EQ(each.show(again.values()), each.show(reader.values())) << each.key;
}

TEST(Settings, RefuseWhatNobodyKnowsAndSayWhatWasMeant) {
  EXPECT_EQ(failure_of_file("\n[node]\ncpu_slot = 1"),
            "crema.toml:3: unknown key cpu_slot; did you mean \"cpu_slots\"?");
  EXPECT_EQ(failure_of_file("[nod]\ncpu_slots = 1"), "crema.toml:1: unknown table nod; did you mean \"node\"?");
  EXPECT_THAT(failure_of_file("cpu_slots = 1"), StartsWith("crema.toml:1: unknown table cpu_slots"));
  EXPECT_EQ(failure_of_file("node = 1"), "crema.toml:1: \"node\" is a table: [node]");
  EXPECT_EQ(failure_of_variable("CREMA_NODE__CPU_SLOT=1"),
            "the environment: unknown variable CREMA_NODE__CPU_SLOT; did you mean \"CREMA_NODE__CPU_SLOTS\"?");
  EXPECT_EQ(failure([](settings_reader& r) { r.set("node.cpu=1"); }).find("--set: unknown key node.cpu"), 0U);
  EXPECT_THAT(failure([](settings_reader& r) { r.set("node.cpu_slots"); }), HasSubstr("expected KEY=VALUE"));
}

TEST(Settings, RefuseValuesThatCannotBe) {
  EXPECT_EQ(failure_of_file("[node]\ncpu_slots = \"four\""),
            "crema.toml:2: node.cpu_slots \"four\": expected a number from 1 to 100000");
  EXPECT_THAT(failure_of_file("[node]\ncpu_slots = 0"), HasSubstr("from 1 to 100000"));
  EXPECT_THAT(failure_of_file("[node]\ncpu_slots = -1"), HasSubstr("from 1 to 100000"));
  EXPECT_THAT(failure_of_file("[node]\ncpu_slots = 1.5"), HasSubstr("expected a text or a whole number"));
  EXPECT_THAT(failure_of_file("[node]\ncpu_slots = [1]"), HasSubstr("expected a text or a whole number"));
  EXPECT_THAT(failure_of_file("[heartbeat]\ndead = \"soon\""), HasSubstr("expected a time such as 500ms"));
  EXPECT_THAT(failure_of_file("[controller]\nlisten = \"here\""), HasSubstr("it has no port"));
  EXPECT_THAT(failure_of_file("[heartbeat]\ndead = \"1s\""), HasSubstr("each must be longer than the one before"));
  EXPECT_THAT(failure_of_variable("CREMA_NODE__MEMORY=lots"),
              AllOf(StartsWith("CREMA_NODE__MEMORY: node.memory \"lots\""), HasSubstr("256MiB")));
}

TEST(Settings, RefuseToListenWhereNobodyKnowsWhatToDial) {
  EXPECT_THAT(failure_of_file("[node]\nlisten = \"0.0.0.0:7000\""),
              AllOf(StartsWith("node.listen \"0.0.0.0:7000\": "), HasSubstr("set node.advertise")));
  EXPECT_THAT(failure_of_file("[controller]\nlisten = \"[::]:7123\""), HasSubstr("set controller.advertise"));
  EXPECT_EQ(failure_of_file("[node]\nlisten = \"0.0.0.0:7000\"\nadvertise = \"10.0.0.6:7000\""), "no error");
}

TEST(Settings, RefuseWhatIsNoToml) {
  EXPECT_THAT(failure_of_file("[node]\ncpu_slots = \n"), StartsWith("crema.toml:2: "));
  EXPECT_THAT(failure_of_file("[node]\nname = \"\xff\xfe\""), StartsWith("crema.toml:2: "));
  EXPECT_THAT(failure_of_file("[node]\ncpu_slots = 1\ncpu_slots = 2"), StartsWith("crema.toml:3: "));
}

} // namespace crema::command
