#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/audit_filter.hpp"

namespace proxy {

// `lockkeeper audit ...`: each returns the exit status; throws std::runtime_error where a file cannot be read.

struct verify_options {
    std::vector<std::string> files;
    std::string after, expect;  // hashes; empty: not asked for
    bool json = false;
};
int verify_audit(const verify_options& options);

struct tail_options {
    std::string file;
    audit_filter filter;
    bool follow = false, json = false;
    std::size_t lines = 20;  // of those that match, where `since` says nothing
};
int tail_audit(const tail_options& options);

struct stats_options {
    std::vector<std::string> files;
    audit_filter filter;
    bool json = false;
};
int audit_stats(const stats_options& options);

}  // namespace proxy
