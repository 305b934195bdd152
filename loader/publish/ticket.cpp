// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/ticket.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "loader/policy/text.hpp"
#include "loader/publish/limits.hpp"

namespace apiguard::publish {
namespace {

using Json = nlohmann::json;

// Raised by every change of what a ticket says: programs of two versions may meet at an upgrade.
constexpr std::uint64_t kVersion = 2;
constexpr std::string_view kRevoke = "revoke";
constexpr std::string_view kLease = "lease";

Json show_prefixes(const std::vector<Prefix>& prefixes) {
  Json array = Json::array();
  for (const Prefix& prefix : prefixes) array.push_back(to_string(prefix));
  return array;
}

struct ShowWhat {
  Json& json;

  void operator()(const PutChange& put) const {
    json["kind"] = to_string(put.kind);
    json["name"] = put.name;
    if (put.lasts) json["lasts"] = put.lasts->count();
    if (put.until) json["until"] = nanoseconds_of(*put.until);
    if (!put.remark.why().empty()) json["why"] = put.remark.why();
    if (put.remark.review()) json["review"] = nanoseconds_of(*put.remark.review());
    json["prefixes"] = show_prefixes(put.prefixes);
  }
  void operator()(const LeaseChange& lease) const {
    const LeaseOrder& order = lease.order;
    json["kind"] = kLease;
    json["prefixes"] = show_prefixes(order.prefixes);
    json["name"] = order.name;
    json["lasts"] = order.lasts.count();
    json["within"] = show_prefixes(order.within);
    json["from_ssh"] = order.from_ssh;
    json["members"] = order.members;
  }
  void operator()(const RevokeChange& revoke) const {
    json["kind"] = kRevoke;
    json["prefixes"] = Json::array();
    json["names"] = Json::array();
    json["if_listed"] = revoke.if_listed;
    for (const Selector& selector : revoke.selectors) {
      if (selector.prefix) {
        json["prefixes"].push_back(to_string(*selector.prefix));
      } else {
        json["names"].push_back(selector.name);
      }
    }
  }
};

// Members of an object, strictly typed. The first that is wrong is remembered.
class Members {
 public:
  explicit Members(const Json& json) : json_(json) {}

  [[nodiscard]] bool has(const char* key) const { return json_.contains(key); }
  std::string text(const char* key) {
    const Json* member = find(key);
    return expect(key, member != nullptr && member->is_string()) ? member->get<std::string>() : "";
  }
  bool flag(const char* key) {
    const Json* member = find(key);
    return expect(key, member != nullptr && member->is_boolean()) && member->get<bool>();
  }
  std::int64_t number(const char* key) {
    const Json* member = find(key);
    return expect(key, member != nullptr && member->is_number_integer())
               ? member->get<std::int64_t>()
               : 0;
  }
  Timestamp time(const char* key) { return timestamp_of(number(key)); }
  std::chrono::nanoseconds span(const char* key) { return std::chrono::nanoseconds(number(key)); }
  std::vector<std::string> texts(const char* key) {
    const Json* member = find(key);
    std::vector<std::string> texts;
    if (!expect(key, member != nullptr && member->is_array())) return texts;
    for (const Json& one : *member) {
      if (expect(key, one.is_string())) texts.push_back(one.get<std::string>());
    }
    return texts;
  }
  std::vector<Prefix> prefixes(const char* key) {
    std::vector<Prefix> prefixes;
    for (const std::string& text : texts(key)) {
      const auto parsed = parse_prefix(text);
      if (expect(key, parsed && !parsed->host_bits)) prefixes.push_back(parsed->prefix);
    }
    return prefixes;
  }
  bool expect(const char* key, bool right) {
    if (!right && wrong_.empty()) wrong_ = key;
    return right;
  }

  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  [[nodiscard]] const Json* find(const char* key) const {
    const auto member = json_.find(key);
    return member == json_.end() ? nullptr : &*member;
  }

  const Json& json_;
  std::string wrong_;
};

RevokeChange read_revoke(Members& members) {
  RevokeChange revoke;
  for (const Prefix& prefix : members.prefixes("prefixes"))
    revoke.selectors.push_back({prefix, ""});
  for (std::string& name : members.texts("names"))
    revoke.selectors.push_back({std::nullopt, std::move(name)});
  members.expect("names", !revoke.selectors.empty());
  revoke.if_listed = members.flag("if_listed");
  return revoke;
}

Remark read_remark(Members& members) {
  const std::string why = members.has("why") ? members.text("why") : "";
  members.expect("why", why.empty() || valid_why(why));
  std::optional<Timestamp> review;
  if (members.has("review")) review = members.time("review");
  return {why, review};
}

PutChange read_put(Members& members, std::string_view kind) {
  PutChange put;
  put.kind = kind == to_string(Kind::kExcept) ? Kind::kExcept : Kind::kAllow;
  members.expect("kind", kind == to_string(put.kind));
  put.prefixes = members.prefixes("prefixes");
  members.expect("prefixes", !put.prefixes.empty());
  put.name = members.text("name");
  if (members.has("lasts")) put.lasts = members.span("lasts");
  if (members.has("until")) put.until = members.time("until");
  put.remark = read_remark(members);
  return put;
}

LeaseChange read_lease(Members& members) {
  LeaseOrder order;
  order.prefixes = members.prefixes("prefixes");
  members.expect("prefixes", !order.prefixes.empty());
  order.name = members.text("name");
  order.lasts = members.span("lasts");
  order.within = members.prefixes("within");
  order.from_ssh = members.flag("from_ssh");
  order.members = members.flag("members");
  return {std::move(order)};
}

QueuedChange::What read_what(Members& members) {
  const std::string kind = members.text("kind");
  if (kind == kRevoke) return read_revoke(members);
  if (kind == kLease) return read_lease(members);
  return read_put(members, kind);
}

tl::unexpected<Error> fail_ticket(std::string_view what) {
  return fail(Exit::kFailed, fmt::format("ticket: {}", what));
}

}  // namespace

std::string show_ticket(const QueuedChange& change) {
  Json json = {{"version", kVersion},        {"by", change.by},
               {"verb", change.verb},        {"json", change.json},
               {"colour", change.colour},    {"accepted", change.accepted},
               {"warnings", change.warnings}};
  if (change.login_uid) json["login_uid"] = *change.login_uid;
  if (!change.client.empty()) json["client"] = change.client;
  std::visit(ShowWhat{json}, change.what);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<QueuedChange> parse_ticket(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail_ticket("it is no JSON object");
  Members members(json);
  if (const std::int64_t version = members.number("version"); version != kVersion) {
    return fail_ticket(
        fmt::format("version {} is of another apiguard, this one reads {}: repeat "
                    "the command",
                    version, kVersion));
  }
  QueuedChange change;
  change.by = members.text("by");
  if (members.has("login_uid"))
    change.login_uid = static_cast<std::uint32_t>(members.number("login_uid"));
  if (members.has("client")) change.client = members.text("client");
  change.verb = members.text("verb");
  change.json = members.flag("json");
  change.colour = members.flag("colour");
  for (std::string& name : members.texts("accepted")) change.accepted.insert(std::move(name));
  change.warnings = members.texts("warnings");
  change.what = read_what(members);
  if (auto* lease = std::get_if<LeaseChange>(&change.what)) lease->order.by = change.by;
  if (!members.wrong().empty())
    return fail_ticket(fmt::format("'{}' is missing or wrong", members.wrong()));
  if (auto right = check_limits(change); !right) return fail(right.error());
  return change;
}

std::string show_answer(const Answer& answer) {
  const Json json = {{"version", kVersion},   {"exit", static_cast<int>(answer.exit)},
                     {"error", answer.error}, {"out", answer.out},
                     {"notes", answer.notes}, {"warnings", answer.warnings}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Answer> parse_answer(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail_ticket("its answer is no JSON object");
  Members members(json);
  if (const std::int64_t version = members.number("version"); version != kVersion)
    return fail_ticket(fmt::format("its answer, of version {}, is of another apiguard", version));
  Answer answer;
  const std::int64_t exit = members.number("exit");
  members.expect("exit", exit >= 0 && exit <= static_cast<int>(Exit::kRolledBack));
  answer.exit = static_cast<Exit>(exit);
  answer.error = members.text("error");
  answer.out = members.text("out");
  answer.notes = members.texts("notes");
  answer.warnings = members.texts("warnings");
  if (members.wrong().empty()) return answer;
  return fail_ticket(fmt::format("'{}' of its answer is missing or wrong", members.wrong()));
}

}  // namespace apiguard::publish
