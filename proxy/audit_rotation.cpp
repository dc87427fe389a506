#include "proxy/audit_rotation.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <vector>

#include "proxy/audit.hpp"

namespace proxy {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using std::chrono::system_clock;

constexpr std::string_view stamp_form = "dddddddd.dddddd.dddddd.";  // d: a digit; the T, the point and the Z: any other

bool is_stamp(std::string_view text) {
    constexpr std::string_view separators = "T.Z";
    std::size_t next = 0;
    if (text.size() != stamp_form.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (stamp_form[i] == 'd' ? !digit : text[i] != separators[next++]) return false;
    }
    return true;
}

// The files whose names are that of `path` with something behind it.
std::vector<fs::path> siblings(const std::string& path) {
    std::vector<fs::path> out;
    const auto whole = fs::path(path);
    const auto name = whole.filename().string();
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(whole.has_parent_path() ? whole.parent_path() : fs::path("."), problem)) {
        const auto other = entry.path().filename().string();
        if (other.size() > name.size() && other.starts_with(name) && entry.is_regular_file(problem)) out.push_back(entry.path());
    }
    return out;
}

std::optional<audit_link> last_of(const fs::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return std::nullopt;
    auto end = read_end(descriptor);
    ::close(descriptor);
    return std::move(end.last);
}

// A number of `digits` digits at the front, and what must follow it.
std::optional<int> take_number(std::string_view& text, std::size_t digits, std::string_view behind) {
    int value = 0;
    if (text.size() < digits + behind.size() || text.substr(digits, behind.size()) != behind) return std::nullopt;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + digits, value);
    if (failed != std::errc{} || end != text.data() + digits) return std::nullopt;
    text.remove_prefix(digits + behind.size());
    return value;
}

}  // namespace

std::string rotated_name(const std::string& path, system_clock::time_point when) {
    auto stamp = rfc3339(when);
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
    return path + "." + stamp;
}

std::optional<audit_link> last_of_rotated(const std::string& path) {
    std::optional<audit_link> newest;
    for (const auto& file : siblings(path))
        if (auto last = last_of(file); last && (!newest || last->seq > newest->seq)) newest = std::move(last);
    return newest;
}

json::array remove_old_files(const std::string& path, unsigned keep) {
    json::array removed;
    if (keep == 0) return removed;
    const auto name = fs::path(path).filename().string() + ".";
    auto files = siblings(path);
    std::erase_if(files, [&](const fs::path& file) {
        const auto other = file.filename().string();
        return !other.starts_with(name) || !is_stamp(std::string_view(other).substr(name.size()));
    });
    std::sort(files.begin(), files.end());
    for (std::size_t i = 0; i + keep < files.size(); ++i) {
        const auto last = last_of(files[i]).value_or(audit_link{});
        if (::unlink(files[i].c_str()) != 0) {
            spdlog::error("the old audit log {} cannot be deleted: {}", files[i].string(), std::generic_category().message(errno));
            continue;
        }
        removed.push_back(json::object{{"file", files[i].filename().string()}, {"seq", last.seq}, {"hash", last.hash}});
    }
    return removed;
}

std::optional<system_clock::time_point> parse_rfc3339(std::string_view text) {
    const auto year = take_number(text, 4, "-"), month = year ? take_number(text, 2, "-") : std::nullopt;
    const auto day = month ? take_number(text, 2, "T") : std::nullopt, hour = day ? take_number(text, 2, ":") : std::nullopt;
    const auto minute = hour ? take_number(text, 2, ":") : std::nullopt, second = minute ? take_number(text, 2, "") : std::nullopt;
    if (!second) return std::nullopt;
    std::tm utc{};
    utc.tm_year = *year - 1900;
    utc.tm_mon = *month - 1;
    utc.tm_mday = *day;
    utc.tm_hour = *hour;
    utc.tm_min = *minute;
    utc.tm_sec = *second;
    auto when = system_clock::from_time_t(::timegm(&utc));
    if (text.starts_with(".")) {
        text.remove_prefix(1);
        std::int64_t micros = 0, unit = 100'000;
        for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), unit /= 10) micros += (text[0] - '0') * unit;
        when += std::chrono::microseconds(micros);
    }
    if (text != "Z" && text != "+00:00") return std::nullopt;
    return when;
}

std::optional<system_clock::time_point> time_of_record(std::string_view line) {
    constexpr std::string_view begin = "{\"time\":\"";
    if (!line.starts_with(begin)) return std::nullopt;
    line.remove_prefix(begin.size());
    return parse_rfc3339(line.substr(0, line.find('"')));
}

}  // namespace proxy
