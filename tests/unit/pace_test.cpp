// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What keeps the supervisor from running in circles, and what it reads and says about others.
#include <string>

#include "loader/datapath/pin_names.hpp"
#include "loader/service/beginning.hpp"
#include "loader/service/busy.hpp"
#include "loader/service/pace.hpp"
#include "tests/support/catch.hpp"

namespace apiguard::service {

using namespace apiguard::status;
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("tries without effect come at growing distances") {
  Pace pace(seconds(5), seconds(60));
  Moment now{};
  CHECK(pace.due() <= now);
  for (const int pause : {5, 10, 20, 40, 60, 60}) {
    pace.tried(now);
    CHECK(pace.due() == now + seconds(pause));
    now = pace.due();
  }
  pace.worked();
  CHECK(pace.due() <= now);
  pace.tried(now);
  CHECK(pace.due() == now + seconds(5));
}

TEST_CASE("in an hour of tries without effect there are no more than 63") {
  Pace pace(seconds(5), seconds(60));
  int tries = 0;
  for (Moment now{}; now < Moment{} + std::chrono::hours(1); now += milliseconds(10)) {
    if (pace.due() > now) continue;
    pace.tried(now);
    ++tries;
  }
  CHECK(tries == 63);
}

TEST_CASE("what takes long comes less often: a fifth of the time at most") {
  Duty duty;
  const Moment start = Moment{} + seconds(100);
  CHECK(duty.due() <= start);
  duty.began(start);
  duty.ended(start + milliseconds(20));
  CHECK(duty.last() == start + milliseconds(20));
  CHECK(duty.due() == start + milliseconds(100));
}

TEST_CASE("the state of a process, whatever it calls itself") {
  CHECK(state_in("12 (apiguard) T 1 12 12 0") == 'T');
  CHECK(state_in("12 (a) S (b) R) t 1 12") == 't');
  CHECK(state_in("12 (x\ny) S 1") == 'S');
  for (const char* text : {"", "12", "12 (x", "12 (x)", "12 (x) "}) CHECK(state_in(text) == '\0');
}

TEST_CASE("pins under the name of an interface's link") {
  const auto third = datapath::interface_point(3);
  CHECK(datapath::link_pin("/pins", third, "a-b.100") == "/pins/links/a-b_100-3");
  for (const char* name : {"eth0", "a-b.100", "3", "-"})
    CHECK(datapath::is_link_pin(datapath::link_pin("/pins-3", third, name), third));
  CHECK(datapath::name_of_link_pin("/pins/links/a-b_100-3") == "a-b_100-3");
  CHECK(datapath::name_of_link_pin("").empty());
  CHECK(datapath::pin_directory_of(datapath::link_pin("/some/pins", third, "eth0")) ==
        "/some/pins");
  for (const char* name : {"eth0-4", "eth0", "-3", "eth0-", "eth0-3x", "eth0-3-new", ""})
    CHECK_FALSE(datapath::is_link_pin(std::string("/pins/links/") + name, third));
  CHECK_FALSE(datapath::is_link_pin("/pins/links/eth0-0", datapath::interface_point(0)));
}

StatusReport standing_of(int attached, int missing) {
  StatusReport standing;
  standing.status.generation = 30;
  standing.status.mode = Mode::kEnforce;
  for (int i = 0; i < attached + missing; ++i) {
    report::InterfaceStatus interface;
    interface.name = "eth" + std::to_string(i);
    interface.attached = i < attached;
    standing.status.interfaces.push_back(interface);
  }
  return standing;
}

TEST_CASE("what the supervisor says at its start") {
  CHECK(describe_beginning(standing_of(2, 0), "") ==
        "guards eth0, eth1 by generation 30, mode enforce");
  CHECK(describe_beginning(standing_of(1, 1), "") ==
        "guards eth0 by generation 30, mode enforce; not attached: eth1");
  CHECK(describe_beginning(standing_of(0, 1), "") ==
        "guards no interface by generation 30, mode enforce; not attached: eth0");
  CHECK(describe_beginning(standing_of(10, 0), "") ==
        "guards eth0, eth1, eth2, eth3, eth4, eth5, eth6, eth7 and 2 more by generation 30, mode "
        "enforce");
  CHECK(describe_beginning({}, "nothing: waits") == "nothing: waits");
  CHECK(describe_shortly(standing_of(1, 1)) ==
        "generation 30, enforce, 1 of 2 interfaces attached");
  CHECK(describe_shortly({}) == "nothing is in force");
}

}  // namespace
}  // namespace apiguard::service
