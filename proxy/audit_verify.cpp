#include "proxy/audit_verify.hpp"

#include <boost/json.hpp>
#include <utility>

#include "proxy/audit_filter.hpp"

namespace proxy {
namespace {

namespace json = boost::json;

constexpr std::size_t most_findings = 50;

std::string number(std::uint64_t n, const char* of = "record") { return std::string(of) + " " + std::to_string(n); }

std::int64_t whole_at(const json::object& o, std::string_view name) { return static_cast<std::int64_t>(number_at(o, name)); }

}  // namespace

audit_verifier::audit_verifier(std::optional<std::string> after, std::optional<std::string> expect)
    : after_(std::move(after)), expect_(std::move(expect)) {}

void audit_verifier::find(audit_remark r) {
    if (verdict_.findings.size() < most_findings) verdict_.findings.push_back(std::move(r));
    else ++more_;
}

void audit_verifier::begin_file(std::string name) {
    file_ = std::move(name);
    line_ = 0;
}

void audit_verifier::line(std::string_view text, bool whole) {
    ++line_;
    const auto l = whole ? read_link(text) : std::nullopt;
    settle_fragment(l ? &*l : nullptr, text);
    if (!l) {
        fragment_ = fragment{here({}), whole, text.size(), sha256(text)};
        return;
    }
    if (!l->intact) find(here(number(l->link.seq) + " was changed: its hash is not that of its bytes"));
    else if (verdict_.records == 0 && !unsure_) check_first(*l);
    else check_link(*l);
    if (l->intact) heed_own(text, *l);
    // The number of a record that was changed is not to be believed.
    const bool counted = l->intact || verdict_.records == 0;
    verdict_.last = {counted ? l->link.seq : verdict_.last.seq + 1, l->link.hash};
    unsure_ = !l->intact;
    if (verdict_.records++ == 0) verdict_.first_seq = l->link.seq;
    expected_seen_ = expected_seen_ || (expect_ && l->intact && l->link.hash == *expect_);
}

// A line that is no record: a crash may have cut it off, and then the next record tells its size and hash.
void audit_verifier::settle_fragment(const chained_line* next, std::string_view text) {
    if (!fragment_) return;
    const auto f = *std::exchange(fragment_, std::nullopt);
    const bool follows = next != nullptr && next->intact && next->prev == verdict_.last.hash;
    const auto o = follows ? record_of_line(text) : std::optional<json::object>();
    auto place = f.place;
    if (o && text_at(*o, "event") == "mended" && text_at(*o, "sha256") == f.sha256 && whole_at(*o, "bytes") == static_cast<std::int64_t>(f.bytes)) {
        place.what = "the beginning of a record, cut off by a crash or a kill; " + number(next->link.seq) + " says so";
        verdict_.notes.push_back(std::move(place));
        return;
    }
    place.what = f.whole ? "this is no record of the audit log: it was changed, or put there by somebody else"
                         : "the record is cut off: the file was truncated, or Lockkeeper was killed while it wrote it";
    find(std::move(place));
    unsure_ = true;
}

void audit_verifier::check_first(const chained_line& l) {
    if (after_ ? l.prev == *after_ : l.link == audit_link{1, l.link.hash} && l.prev == audit_link{}.hash) return;
    beginning_ = beginning{here({}), l.link.seq, l.prev};
}

void audit_verifier::check_link(const chained_line& l) {
    const auto& last = verdict_.last;
    const auto next = last.seq + 1;
    if (unsure_ && (l.link.seq == next || l.link.seq == next + 1)) return;
    if (l.link.seq == next && l.prev == last.hash) return;
    const auto is = number(l.link.seq);
    const auto where = line_ == 1 ? std::string(": a file between this one and the one before it is not here") : std::string();
    if (l.link.seq > next + 1) find(here("records " + std::to_string(next) + " to " + std::to_string(l.link.seq - 1) + " are missing before " + is + where));
    else if (l.link.seq == next + 1) find(here(number(next) + " is missing before " + is + where));
    else if (l.link.seq == 1) find(here("a new chain begins here: the log before it was not there any more when Lockkeeper was started"));
    else if (l.link.seq < next) find(here(is + " stands behind " + number(last.seq) + ": the order was changed, or a record was copied"));
    else find(here(is + " does not follow the record before it: one of them was put in place of another"));
}

// What Lockkeeper has written about the log itself.
void audit_verifier::heed_own(std::string_view text, const chained_line& l) {
    const auto front = text.substr(0, 80);
    const auto is = [&](std::string_view event) { return front.find("\"event\":\"" + std::string(event) + "\"") != front.npos; };
    if (!is("started") && !is("stopped") && !is("rotated") && !is("gap")) return;
    const auto o = record_of_line(text);
    if (!o) return;
    const auto event = text_at(*o, "event");
    const auto pid = whole_at(*o, "pid");
    const auto process = " (process " + std::to_string(pid) + ")";
    if (event == "started")
        runs_[pid] = here(number(l.link.seq) + " begins a run" + process + " that has no end here: it goes on, was killed, or the end is cut off");
    if (event == "stopped") runs_.erase(pid);
    if (event == "gap")
        verdict_.notes.push_back(here("nothing could be written from " + text_at(*o, "since") + " to " + text_at(*o, "time") + " (" +
                                      text_at(*o, "reason") + "): " + std::to_string(whole_at(*o, "refused")) + " statements were refused, " +
                                      std::to_string(whole_at(*o, "lost")) + " records are lost"));
    if (const auto* removed = o->if_contains("removed"); removed != nullptr && removed->is_array())
        for (const auto& one : removed->get_array())
            if (one.is_object()) removed_.insert(text_at(one.get_object(), "hash"));
}

audit_verdict audit_verifier::end() {
    settle_fragment(nullptr, {});
    if (beginning_) {
        auto place = beginning_->place;
        const auto is = number(beginning_->seq);
        if (!after_ && removed_.contains(beginning_->prev)) {
            place.what = is + " is the first: the files before it were deleted by rotation (audit.keep)";
            verdict_.notes.push_back(std::move(place));
        } else {
            place.what = is + (after_ ? " does not follow the one that --after names"
                                      : " is the first: what came before it is missing, such as a rotated file (or name its last hash with --after)");
            verdict_.findings.insert(verdict_.findings.begin(), std::move(place));
        }
    }
    for (const auto& [pid, note] : runs_) verdict_.notes.push_back(note);
    if (expect_ && !expected_seen_) find(here("the record with the hash of --expect is not here: the end of the log was cut off, or written anew"));
    if (verdict_.records == 0 && verdict_.findings.empty()) find(here("there is no record at all"));
    if (more_ > 0) verdict_.findings.push_back(here("and " + std::to_string(more_) + " findings more"));
    return std::move(verdict_);
}

}  // namespace proxy
