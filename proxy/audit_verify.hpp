#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/audit_chain.hpp"

namespace proxy {

// Something that is wrong with the audit log, or that whoever checks it should know.
struct audit_remark {
    std::string file;
    std::uint64_t line = 0;
    std::string what;
};

struct audit_verdict {
    std::vector<audit_remark> findings;  // of many the first ones
    std::vector<audit_remark> notes;
    std::uint64_t records = 0;
    std::uint64_t first_seq = 0;
    audit_link last;
};

// Follows the hash chain (audit_chain.hpp) over the lines of all files, in their order. Pure.
//
// What it can and cannot find. Whoever can write the files but knows no other copy can change the log only by computing all
// hashes behind the change anew, or by cutting the end off: both leave a chain that is whole. So the last hash is to be kept
// elsewhere now and then, and asked for with `expect`; the other sinks of the log have every hash, too.
class audit_verifier {
public:
    // `after`: the hash of the record before the first one. `expect`: of one that must be there.
    audit_verifier(std::optional<std::string> after, std::optional<std::string> expect);

    void begin_file(std::string name);
    void line(std::string_view text, bool whole);  // false: the file ends without a line break
    audit_verdict end();

private:
    struct fragment {
        audit_remark place;
        bool whole;
        std::size_t bytes;
        std::string sha256;
    };
    struct beginning {
        audit_remark place;
        std::uint64_t seq;
        std::string prev;
    };

    audit_remark here(std::string what) const { return {file_, line_, std::move(what)}; }
    void find(audit_remark r);
    void settle_fragment(const chained_line* next, std::string_view text);
    void check_link(const chained_line& l);
    void check_first(const chained_line& l);
    void heed_own(std::string_view text, const chained_line& l);

    std::optional<std::string> after_, expect_;
    bool expected_seen_ = false;
    std::string file_;
    std::uint64_t line_ = 0;
    std::optional<fragment> fragment_;  // what is no record: the next one may say why
    std::optional<beginning> beginning_;  // a chain whose first record is not the first
    bool unsure_ = false;               // of the last record's number or hash: it has been reported
    std::set<std::string, std::less<>> removed_;        // last hashes of files that rotation has removed
    std::map<std::int64_t, audit_remark> runs_;         // by process: without an end so far
    std::size_t more_ = 0;
    audit_verdict verdict_;
};

}  // namespace proxy
