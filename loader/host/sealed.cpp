// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/sealed.hpp"

#include "loader/base/sha256.hpp"

namespace apiguard {
namespace {

using Json = nlohmann::json;

// `by` and `verb` come from outside and may be no UTF-8.
std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string show_sealed(Json json) {
  json.erase(kSealMember);
  json[kSealMember] = sha256_hex(dump(json));
  return dump(json);
}

// Members stay in the order of their names, so that the text has one form only.
bool is_sealed(const Json& json, const std::string& text) {
  return json.contains(kSealMember) && show_sealed(json) == text;
}

}  // namespace apiguard
