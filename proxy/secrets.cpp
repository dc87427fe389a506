#include "proxy/secrets.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "config/agreement.hpp"
#include "proxy/secret_query.hpp"

namespace proxy {
namespace {

// A line of the file, from its first character that is not a blank.
class line_reader {
public:
    line_reader(std::string_view line, std::string place) : rest_(line), place_(std::move(place)) { skip_blanks(); }

    bool is_empty() const noexcept { return rest_.empty() || rest_.front() == ';'; }

    std::string quoted() {
        if (!rest_.starts_with('"')) fail("expected a text in double quotes");
        std::string text;
        for (std::size_t at = 1; at < rest_.size(); ++at) {
            if (rest_[at] != '"') {
                text += rest_[at];
            } else if (at + 1 < rest_.size() && rest_[at + 1] == '"') {
                text += rest_[at++];
            } else {
                rest_.remove_prefix(at + 1);
                skip_blanks();
                return text;
            }
        }
        fail("the closing double quote is missing");
    }

    [[noreturn]] void fail(const std::string& why) const { throw auth_error(place_ + ": " + why); }

private:
    void skip_blanks() noexcept { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r"), rest_.size())); }

    std::string_view rest_;
    std::string place_;
};

std::string why_not_scram(std::string_view secret) {
    if (secret.starts_with("md5") && secret.size() == 35)
        return "its secret is of MD5, from which nobody can log in to a server by SCRAM";
    if (secret.starts_with("SCRAM-SHA-256$")) return "its secret is not SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey";
    return "its secret is none of SCRAM: Lockkeeper takes no password in clear text";
}

}  // namespace

secret_map parse_secrets(const std::string& text, const std::string& name) {
    secret_map all;
    std::istringstream lines(text);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        line_reader in(line, "auth.file: " + name + ":" + std::to_string(number));
        if (in.is_empty()) continue;
        auto user = in.quoted();
        const auto secret = in.quoted();
        const auto parsed = parse_scram_secret(secret);
        if (!parsed) in.fail("user \"" + user + "\": " + why_not_scram(secret) + ". Copy rolpassword from the server's pg_authid");
        if (!all.emplace(std::move(user), *parsed).second) in.fail("this user stands here twice");
    }
    return all;
}

secret_file::secret_file(std::string path) : path_(std::move(path)), seen_(look()), secrets_(read()) {}

secret_file::stamp secret_file::look() const noexcept {
    struct stat s{};
    if (::stat(path_.c_str(), &s) != 0) return {};
    return {s.st_ctim.tv_sec, s.st_ctim.tv_nsec, s.st_size, s.st_dev, s.st_ino};
}

secret_map secret_file::read() const {
    std::ifstream file(path_, std::ios::binary);
    file.peek();  // a directory can be opened, but not read
    if (!file.is_open() || file.bad())
        throw auth_error("auth.file: " + path_ + ": cannot be read: " + std::generic_category().message(errno));
    std::ostringstream text;
    text << file.rdbuf();
    return parse_secrets(text.str(), path_);
}

std::optional<scram_secret> secret_file::find(const std::string& user) {
    const std::lock_guard hold(mutex_);
    if (const auto now = look(); now != seen_) {
        seen_ = now;  // before it is read: a change in between is seen the next time
        try {
            secrets_ = read();
            spdlog::info("auth.file was read again: {} users", secrets_.size());
        } catch (const auth_error& problem) {
            spdlog::error("the secrets stay as they were: {}", problem.what());
        }
    }
    const auto it = secrets_.find(user);
    return it == secrets_.end() ? std::nullopt : std::optional(it->second);
}

std::unique_ptr<secrets> secrets::of(const config::auth& settings) {
    if (settings.mode == config::auth_mode::pass) return nullptr;
    if (const auto wrong = config::disagreement(settings)) throw auth_error(*wrong);
    return std::unique_ptr<secrets>(new secrets(settings));
}

secrets::secrets(const config::auth& settings) : seed_(random_key()) {
    if (!settings.file.empty()) file_ = std::make_unique<secret_file>(settings.file);
    if (!settings.query.empty()) query_ = std::make_unique<secret_query>(settings.dsn, settings.query);
}

secrets::~secrets() = default;

void secrets::find(const std::string& user, std::function<void(found)> done) {
    if (const auto secret = file_ ? file_->find(user) : std::nullopt) return done({*secret, true, {}});
    const auto mock = mock_secret(seed_, user);
    if (!query_) return done({mock, false, {}});
    query_->ask(user, [user, mock, done = std::move(done)](secret_query::answer a) {
        const auto secret = a.secret ? parse_scram_secret(*a.secret) : std::nullopt;
        if (a.secret && !secret) spdlog::warn("auth.query: user \"{}\": {}", user, why_not_scram(*a.secret));
        done({secret.value_or(mock), secret.has_value(), std::move(a.problem)});
    });
}

}  // namespace proxy
