#pragma once
#include <optional>
#include <string>
#include "protocol/errc.hpp"
#include "protocol/bytes.hpp"
namespace protocol {
class error_fields {
public:
    std::string_view get(char c) const noexcept { for (auto& f : f_) if (f.first==c) return f.second; return {}; }
    void set(char c, std::string v) { for (auto& f : f_) if (f.first==c) { f.second=std::move(v); return; } f_.emplace_back(c,std::move(v)); }
    void remove(char c) { std::erase_if(f_, [c](auto& f){return f.first==c;}); }
    const std::vector<std::pair<char,std::string>>& all() const noexcept { return f_; }
private:
    std::vector<std::pair<char,std::string>> f_;
};
error_fields make_error(std::string_view severity, std::string_view sqlstate, std::string message);
result<error_fields> decode_error(bytes body);
buffer encode_error(const error_fields&);
buffer encode_notice(const error_fields&);
buffer encode_ready(char status);
buffer encode_command_complete(std::string_view tag);
struct backend_key { std::uint32_t pid; };
result<backend_key> decode_backend_key(bytes body);
result<std::pair<std::string_view,std::string_view>> decode_parameter_status(bytes body);
result<std::vector<std::optional<std::string>>> decode_data_row(bytes body);
}
