// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/ticket.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "loader/base/fields.hpp"
#include "loader/policy/text.hpp"
#include "loader/publish/check_ticket.hpp"

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

void take_prefixes(Fields& fields, const char* key, std::vector<Prefix>& to) {
  fields.take_texts(key, [&](const std::string& text) {
    const auto parsed = parse_prefix(text);
    if (!parsed || parsed->host_bits) return false;
    to.push_back(parsed->prefix);
    return true;
  });
}

RevokeChange take_revoke(Fields& fields) {
  RevokeChange revoke;
  std::vector<Prefix> prefixes;
  std::vector<std::string> names;
  take_prefixes(fields, "prefixes", prefixes);
  fields.take("names", names);
  for (const Prefix& prefix : prefixes) revoke.selectors.push_back({prefix, ""});
  for (std::string& name : names) revoke.selectors.push_back({std::nullopt, std::move(name)});
  if (revoke.selectors.empty()) fields.refuse("names");
  fields.take("if_listed", revoke.if_listed);
  return revoke;
}

Remark take_remark(Fields& fields) {
  std::string why;
  std::optional<Timestamp> review;
  fields.take_if_there("why", why);
  if (!why.empty() && !valid_why(why)) fields.refuse("why");
  fields.take_if_there("review", review);
  return {why, review};
}

PutChange take_put(Fields& fields, std::string_view kind) {
  PutChange put;
  put.kind = kind == to_string(Kind::kExcept) ? Kind::kExcept : Kind::kAllow;
  if (kind != to_string(put.kind)) fields.refuse("kind");
  take_prefixes(fields, "prefixes", put.prefixes);
  if (put.prefixes.empty()) fields.refuse("prefixes");
  fields.take("name", put.name);
  fields.take_if_there("lasts", put.lasts);
  fields.take_if_there("until", put.until);
  put.remark = take_remark(fields);
  return put;
}

LeaseChange take_lease(Fields& fields, const std::string& by) {
  LeaseOrder order;
  take_prefixes(fields, "prefixes", order.prefixes);
  if (order.prefixes.empty()) fields.refuse("prefixes");
  fields.take("name", order.name);
  fields.take("lasts", order.lasts);
  take_prefixes(fields, "within", order.within);
  fields.take("from_ssh", order.from_ssh);
  fields.take("members", order.members);
  order.by = by;
  return {std::move(order)};
}

QueuedChange::What take_what(Fields& fields, const std::string& by) {
  std::string kind;
  fields.take("kind", kind);
  if (kind == kRevoke) return take_revoke(fields);
  if (kind == kLease) return take_lease(fields, by);
  return take_put(fields, kind);
}

QueuedChange take_change(Fields& fields) {
  QueuedChange change;
  fields.take("by", change.by);
  fields.take_if_there("login_uid", change.login_uid);
  fields.take_if_there("client", change.client);
  fields.take("verb", change.verb);
  fields.take("json", change.json);
  fields.take("colour", change.colour);
  fields.take_texts("accepted", [&](const std::string& name) {
    change.accepted.insert(name);
    return true;
  });
  fields.take("warnings", change.warnings);
  change.what = take_what(fields, change.by);
  return change;
}

// 0: it says none.
std::int64_t take_version(Fields& fields) {
  std::int64_t version = 0;
  fields.take("version", version);
  return version;
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
  const auto json = parse_object(text);
  if (!json) return fail_ticket(json.error().message);
  Fields fields(*json);
  if (const std::int64_t version = take_version(fields); version != kVersion) {
    return fail_ticket(
        fmt::format("version {} belongs to another apiguard, this one reads {}: repeat the command",
                    version, kVersion));
  }
  QueuedChange change = take_change(fields);
  if (auto right = fields.check(); !right) return fail_ticket(right.error().message);
  if (auto right = check_arguments(change); !right) return fail(right.error());
  return change;
}

std::string show_answer(const Answer& answer) {
  const Json json = {{"version", kVersion},   {"exit", static_cast<int>(answer.exit)},
                     {"error", answer.error}, {"out", answer.out},
                     {"notes", answer.notes}, {"warnings", answer.warnings}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Answer> parse_answer(const std::string& text) {
  const auto json = parse_object(text);
  if (!json) return fail_ticket("its answer: " + json.error().message);
  Fields fields(*json);
  if (const std::int64_t version = take_version(fields); version != kVersion)
    return fail_ticket(
        fmt::format("its answer, of version {}, belongs to another apiguard", version));
  Answer answer;
  int exit = 0;
  fields.take("exit", exit);
  if (exit < 0 || exit > static_cast<int>(Exit::kRolledBack)) fields.refuse("exit");
  answer.exit = static_cast<Exit>(exit);
  fields.take("error", answer.error);
  fields.take("out", answer.out);
  fields.take("notes", answer.notes);
  fields.take("warnings", answer.warnings);
  if (auto right = fields.check(); !right)
    return fail_ticket("its answer: " + right.error().message);
  return answer;
}

}  // namespace apiguard::publish
