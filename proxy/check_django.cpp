#include "proxy/check_django.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "config/load.hpp"

extern char** environ;

namespace proxy {
namespace {

[[noreturn]] void failed(const std::vector<std::string>& command, const std::string& why) {
    std::string text;
    for (const auto& word : command) text += (text.empty() ? "" : " ") + word;
    throw config::error(text + ": " + why);
}

std::string all_of(int descriptor) {
    std::string out;
    char piece[65536];
    for (;;) {
        const auto n = read(descriptor, piece, sizeof piece);
        if (n > 0) out.append(piece, static_cast<std::size_t>(n));
        else if (n == 0 || errno != EINTR) return out;
    }
}

// What the program prints; its standard error is ours.
std::string output_of(const std::vector<std::string>& command, const std::string& directory) {
    int ends[2];
    if (pipe(ends) != 0) failed(command, std::strerror(errno));
    std::vector<char*> words;
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));  // posix_spawn does not write to them
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    pid_t child = 0;
    const int wrong = posix_spawnp(&child, words.front(), &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    auto out = wrong == 0 ? all_of(ends[0]) : std::string();
    close(ends[0]);
    if (wrong != 0) failed(command, std::strerror(wrong));
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (!WIFEXITED(status)) failed(command, "was ended by a signal");
    if (WEXITSTATUS(status) != 0) failed(command, "ended with " + std::to_string(WEXITSTATUS(status)));
    return out;
}

}  // namespace

std::vector<std::string> unapplied(std::string_view plan) {
    constexpr std::string_view mark = "[ ]";
    std::vector<std::string> names;
    while (!plan.empty()) {
        const auto end = plan.find('\n');
        auto line = plan.substr(0, end);
        plan.remove_prefix(end == plan.npos ? plan.size() : end + 1);
        if (!line.starts_with(mark)) continue;
        line.remove_prefix(std::min(line.find_first_not_of(' ', mark.size()), line.size()));
        line = line.substr(0, line.find_first_of(" \r"));
        if (line.find('.') != line.npos) names.emplace_back(line);
    }
    return names;
}

std::vector<django_migration> unapplied_migrations(const std::string& project, const std::string& python) {
    std::filesystem::path path(project), program = "manage.py";
    if (!std::filesystem::is_directory(path)) {
        program = path.filename();
        path = path.has_parent_path() ? path.parent_path() : ".";
    }
    if (!std::filesystem::is_regular_file(path / program)) throw config::error((path / program).string() + ": there is no such file");
    const auto manage = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {python, program.string()});
        words.push_back("--no-color");
        return output_of(words, path.string());
    };
    std::vector<django_migration> out;
    for (auto& name : unapplied(manage({"showmigrations", "--plan"}))) {
        const auto dot = name.find('.');
        auto sql = manage({"sqlmigrate", name.substr(0, dot), name.substr(dot + 1)});
        out.push_back({std::move(name), std::move(sql)});
    }
    return out;
}

}  // namespace proxy
