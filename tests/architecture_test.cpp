#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>

// The laws of the house, read off the sources: which layer may know which, and what a source file looks like.
namespace {

namespace fs = std::filesystem;

struct source {
    std::string path;  // from the project's root
    std::string text;
};

struct law {
    std::string name, remedy;
    std::function<bool(const std::string& path)> governs;
    std::function<bool(const std::string& included)> forbids;
};

bool in(const std::string& path, std::string_view folder) { return path.starts_with(std::string(folder) + "/"); }
bool pure(const std::string& path) { return in(path, "protocol") || in(path, "policy") || in(path, "config"); }

// Sockets, clocks, threads, logs, other people's servers: what a pure layer does without.
bool is_shell(const std::string& included) {
    constexpr std::array folders{"boost/asio", "boost/beast", "spdlog/", "openssl/", "sys/", "netinet/", "arpa/"};
    constexpr std::array headers{"libpq-fe.h", "unistd.h", "thread", "mutex", "condition_variable", "future"};
    return std::any_of(folders.begin(), folders.end(), [&](auto f) { return included.starts_with(f); }) ||
           std::any_of(headers.begin(), headers.end(), [&](auto h) { return included == h; });
}

std::vector<law> laws() {
    const auto of = [](std::string_view folder) { return [=](const std::string& path) { return in(path, folder); }; };
    return {
        {"protocol/ knows no other layer", "move the code up, or pass the value in", of("protocol"),
         [](const std::string& i) { return in(i, "policy") || in(i, "config") || in(i, "proxy"); }},
        {"policy/ knows neither protocol/ nor proxy/", "move the code up, or pass the value in", of("policy"),
         [](const std::string& i) { return in(i, "protocol") || in(i, "proxy"); }},
        {"config/ knows no other layer", "settings are plain structs; what uses them stands elsewhere", of("config"),
         [](const std::string& i) { return in(i, "policy") || in(i, "protocol") || in(i, "proxy"); }},
        {"protocol/, policy/ and config/ do no I/O", "let proxy/ do it and hand over the result", pure, is_shell},
        {"only policy/parse* knows libpg_query", "ask for what is needed in our own words (policy/statement.hpp)",
         [](const std::string& path) { return !path.starts_with("policy/parse"); },
         [](const std::string& i) { return i.find("pg_query") != std::string::npos; }},
        {"only proxy/server.cpp and proxy/admin* know Asio", "watch a descriptor through proxy/event_loop.hpp",
         [](const std::string& path) { return path != "proxy/server.cpp" && !path.starts_with("proxy/admin"); },
         [](const std::string& i) { return i.find("asio") != std::string::npos; }},
        {"only config/load* knows yaml-cpp", "read settings through config/load.hpp",
         [](const std::string& path) { return !path.starts_with("config/load"); },
         [](const std::string& i) { return in(i, "yaml-cpp"); }},
    };
}

// What a line includes.
std::optional<std::string> included_by(std::string line) {
    std::erase_if(line, [](char c) { return c == ' '; });
    if (!line.starts_with("#include") || line.size() < 10) return std::nullopt;
    return line.substr(9, line.find_first_of(">\"", 9) - 9);
}

bool reads_clock(const std::string& line) {
    constexpr std::array calls{"::now()", "time(nullptr)", "clock_gettime(", "gettimeofday("};
    return std::any_of(calls.begin(), calls.end(), [&](auto call) { return line.find(call) != std::string::npos; });
}

std::vector<std::string> broken(const source& s) {
    std::vector<std::string> out;
    std::istringstream lines(s.text);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        const auto report = [&](const std::string& what) { out.push_back(s.path + ":" + std::to_string(number) + ": " + what); };
        if (std::any_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) > 126 || c == '\t'; }))
            report("a byte that is not printable ASCII: write it out, or as an escape");
        if (pure(s.path) && reads_clock(line)) report("a pure layer reads no clock: let proxy/ hand the time in");
        const auto included = included_by(line);
        if (!included) continue;
        for (const auto& l : laws())
            if (l.governs(s.path) && l.forbids(*included)) report(l.name + ": " + l.remedy);
    }
    constexpr auto longest = 500;
    if (std::count(s.text.begin(), s.text.end(), '\n') > longest)
        out.push_back(s.path + ": more than " + std::to_string(longest) + " lines: there are two ideas in it");
    return out;
}

std::vector<source> sources() {
    std::vector<source> out;
    for (const auto* folder : {"protocol", "policy", "config", "proxy"})
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(SOURCE_DIR) / folder)) {
            const auto extension = entry.path().extension();
            if (extension != ".cpp" && extension != ".hpp" && extension != ".def") continue;
            std::ifstream file(entry.path());
            out.push_back({fs::relative(entry.path(), SOURCE_DIR).string(), {std::istreambuf_iterator<char>(file), {}}});
        }
    return out;
}

TEST(architecture, keeps_its_laws) {
    const auto all = sources();
    ASSERT_GT(all.size(), 50u);
    for (const auto& s : all)
        for (const auto& problem : broken(s)) ADD_FAILURE() << problem;
}

TEST(architecture, has_every_rule_on_the_list) {
    std::ifstream file(fs::path(SOURCE_DIR) / "policy/rules/rules.def");
    const std::string list{std::istreambuf_iterator<char>(file), {}};
    for (const auto& entry : fs::directory_iterator(fs::path(SOURCE_DIR) / "policy/rules"))
        if (entry.path().extension() == ".cpp") {
            EXPECT_NE(list.find("RULE(" + entry.path().stem().string() + ")"), std::string::npos)
                << entry.path().filename() << " is not on policy/rules/rules.def: add its line";
        }
}

// The laws can be broken.
TEST(architecture, notices) {
    const auto count = [](std::string path, std::string text) { return broken({std::move(path), std::move(text)}).size(); };
    EXPECT_EQ(count("protocol/a.cpp", "#include \"protocol/b.hpp\"\n#include <vector>\n"), 0u);
    EXPECT_EQ(count("protocol/a.cpp", "#include \"policy/b.hpp\"\n"), 1u);
    EXPECT_EQ(count("policy/a.cpp", "  #  include <sys/epoll.h>\n"), 1u);
    EXPECT_EQ(count("policy/a.cpp", "#include \"protocol/frame.hpp\"\n"), 1u);
    EXPECT_EQ(count("config/keys.cpp", "#include <yaml-cpp/yaml.h>\n"), 1u);
    EXPECT_EQ(count("config/load.cpp", "#include <yaml-cpp/yaml.h>\n"), 0u);
    EXPECT_EQ(count("policy/evaluate.cpp", "#include <pg_query/pg_query.pb-c.h>\n"), 1u);
    EXPECT_EQ(count("proxy/a.cpp", "#include <sys/epoll.h>\n"), 0u);
    EXPECT_EQ(count("proxy/a.cpp", "#include <boost/asio/post.hpp>\n"), 1u);
    EXPECT_EQ(count("proxy/server.cpp", "#include <boost/asio/post.hpp>\n"), 0u);
    EXPECT_EQ(count("proxy/admin_http.cpp", "#include <boost/asio/post.hpp>\n"), 0u);
    EXPECT_EQ(count("policy/a.cpp", "const auto t = clock::now();\n"), 1u);
    EXPECT_EQ(count("proxy/a.cpp", "const auto t = clock::now();\n"), 0u);
    EXPECT_EQ(count("proxy/a.cpp", "// \xc3\xa9\n"), 1u);
    EXPECT_EQ(count("proxy/a.cpp", std::string(501, '\n')), 1u);
}

}  // namespace
