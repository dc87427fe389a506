// Configurations that somebody has broken: each is refused with its place and a sentence, or known to be as good as before.
//
// tests/config/data/mutations.json has them; tests/integration/test_broken_configurations.py has the program read the same. One is
// made of a file (`of`): what stands at `find` is replaced by `put`, `times` times over; with `cut` the file ends behind it. In
// `put`, ^^ is where the error must say that it is; without it the place must be there or further down. Each character is one byte.

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <fstream>
#include <sstream>

#include "config/load.hpp"

namespace {

struct place {
    std::size_t line = 0, column = 0;
    friend auto operator<=>(const place&, const place&) = default;
};

struct mutation {
    std::string text;     // of the whole file
    place at, end;        // of what was changed, or of ^^; and of the file
    bool exactly = false;
    std::string says;
};

std::string contents(const std::string& of) {
    if (of == "nothing") return "";
    const std::string path = of == "example" ? "/config/example.yaml" : "/tests/config/data/" + of + ".yaml";
    std::ostringstream text;
    text << std::ifstream(SOURCE_DIR + path).rdbuf();
    return text.str();
}

place place_in(std::string_view text) {
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    return {lines + 1, text.size() - (text.rfind('\n') + 1) + 1};
}

// One byte for each character.
std::string bytes(const YAML::Node& node) {
    const auto& text = node.Scalar();
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) out += text[i];
        else out += static_cast<char>((lead & 3) << 6 | (text[++i] & 0x3f));
    }
    return out;
}

mutation made(const YAML::Node& row) {
    const auto base = contents(row["of"].Scalar()), find = bytes(row["find"]);
    auto put = bytes(row["put"]);
    const auto from = base.find(find), mark = put.find("^^");
    EXPECT_NE(from, base.npos) << find;
    if (mark != put.npos) put.erase(mark, 2);
    std::string text = base.substr(0, from);
    for (auto times = row["times"].as<int>(1); times > 0; --times) text += put;
    if (!row["cut"].as<bool>(false)) text += base.substr(from + find.size());
    const auto changed = text.substr(0, from + (mark == put.npos ? 0 : mark));
    return {text, place_in(changed), place_in(text), mark < put.size() + 2, row["says"].Scalar()};
}

std::vector<YAML::Node> rows() {
    const auto list = YAML::LoadFile(SOURCE_DIR "/tests/config/data/mutations.json");
    return {list.begin(), list.end()};
}

// "c.yaml:line:column: what is wrong", taken apart.
std::pair<place, std::string> taken_apart(const std::string& problem) {
    place at;
    const auto* const end = problem.data() + problem.size();
    const auto line = std::from_chars(problem.data() + problem.find(':') + 1, end, at.line);
    const auto column = std::from_chars(line.ptr + 1, end, at.column);
    return {at, column.ptr + 2 < end ? std::string(column.ptr + 2, end) : "no sentence"};
}

TEST(mutations, are_refused_with_their_place_or_known_to_be_good) {
    int refused = 0;
    for (const auto& row : rows()) {
        const auto m = made(row);
        const bool of_policy = row["by"].as<std::string>("") == "policy";  // which rules there are only the policy knows
        SCOPED_TRACE(row["put"].Scalar() + " in " + row["of"].Scalar());
        try {
            config::load_text(m.text, "c.yaml");
            EXPECT_TRUE(m.says == "valid" || of_policy) << "was taken; should say: " << m.says;
        } catch (const config::error& problem) {
            const auto [at, says] = taken_apart(problem.what());
            EXPECT_EQ(says, m.says);
            if (m.exactly) EXPECT_EQ(std::pair(at.line, at.column), std::pair(m.at.line, m.at.column));
            else EXPECT_TRUE(place(m.at.line, 1) <= at && at <= m.end) << at.line << ":" << at.column;
            ++refused;
        }
    }
    EXPECT_GE(refused, 100);
}

TEST(mutations, start_from_good_files) {
    for (const auto* of : {"example", "rich", "nothing"}) EXPECT_NO_THROW(config::load_text(contents(of), of)) << of;
}

// Whatever ends early is one of: good, or refused with a place that is in it.
TEST(mutations, of_every_length) {
    const auto whole = contents("rich");
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        const auto text = whole.substr(0, length);
        try {
            config::load_text(text, "c.yaml");
        } catch (const config::error& problem) {
            const auto [at, says] = taken_apart(problem.what());
            EXPECT_TRUE((place{1, 1} <= at && at <= place_in(text))) << problem.what() << "\n" << text;
            EXPECT_GT(says.size(), 10u);
        }
    }
}

}  // namespace
