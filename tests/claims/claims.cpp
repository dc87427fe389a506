#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "corpus.hpp"
#include "judgement.hpp"
#include "measure.hpp"

// Compares what policy says that statements do with what a live server does. `claims [--results FILE] [PREFIX]`: only the entries
// whose id begins with PREFIX. Every disagreement must stand in disagreements.txt with PostgreSQL's own reason, and one that is gone must not.
namespace claims {
namespace {

struct finding {
    std::vector<std::string> disagreements;
    std::string not_judged;
};

struct listed {
    std::string reason;
    std::set<int> versions;  // empty: all
};

// Lines of "id | versions or * | reason".
std::map<std::string, listed> read_list(const std::string& file) {
    std::map<std::string, listed> out;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#') continue;
        const auto first = line.find(" | "), second = line.find(" | ", first + 3);
        if (second == std::string::npos) throw std::runtime_error(file + ": not id | versions | reason: " + line);
        auto& entry = out[line.substr(0, first)];
        entry.reason = line.substr(second + 3);
        std::istringstream versions(line.substr(first + 3, second - first - 3));
        for (int v = 0; versions >> v;) entry.versions.insert(v);
    }
    return out;
}

finding look_into(const entry& e, laboratory& lab) {
    finding f;
    try {
        const auto r = lab.examine(e);
        if (!r.predicted.known) f.not_judged = r.predicted.why;
        else f.disagreements = disagreements(r.predicted, r.measured, e.target);
        if (!r.measured.known && f.not_judged.empty()) f.not_judged = r.measured.why;
    } catch (const std::exception& error) {
        f.disagreements = {std::string("could not be measured: ") + error.what()};
    }
    return f;
}

std::map<std::string, finding> examine(const corpus& c, const std::string& only) {
    std::map<std::string, finding> out;
    std::mutex guard;
    std::size_t next = 0;
    // More than there are processors: much of the time goes into waiting for locks.
    std::vector<std::jthread> threads;
    for (int number = 0; number < 4; ++number)
        threads.emplace_back([&, number] {
            laboratory lab(number);
            for (;;) {
                const entry* e = nullptr;
                {
                    const std::scoped_lock lock(guard);
                    while (next < c.entries.size() && !c.entries[next].id.starts_with(only)) ++next;
                    if (next == c.entries.size()) return;
                    e = &c.entries[next++];
                }
                auto f = look_into(*e, lab);
                const std::scoped_lock lock(guard);
                out[e->id] = std::move(f);
            }
        });
    threads.clear();
    return out;
}

// As JUnit does it, for `run` to add up. What server or parser refuse is not counted.
void write_results(const std::string& file, std::size_t tests, std::size_t failures) {
    if (file.empty()) return;
    std::ofstream(file) << "<testsuite name=\"claims\" tests=\"" << tests << "\" failures=\"" << failures << "\"/>\n";
}

int report(const corpus& c, const std::map<std::string, finding>& findings, const std::map<std::string, listed>& list, int version,
           const std::string& results) {
    std::size_t agree = 0, excused = 0, unknown = 0, wrong = 0;
    for (const auto& e : c.entries) {
        const auto found = findings.find(e.id);
        if (found == findings.end()) continue;
        const auto entry = list.find(e.id);
        const bool expected = entry != list.end() && (entry->second.versions.empty() || entry->second.versions.contains(version));
        const auto& f = found->second;
        unknown += !f.not_judged.empty();
        if (f.disagreements.empty() && !expected) {
            agree += f.not_judged.empty();
        } else if (f.disagreements.empty() && f.not_judged.empty()) {
            ++wrong;
            std::cout << e.id << ": agrees now, take it from the list\n";
        } else if (expected) {
            ++excused;
        } else {
            ++wrong;
            for (const auto& d : f.disagreements) std::cout << e.id << ": " << d << '\n';
        }
        if (std::getenv("CLAIMS_VERBOSE") && !f.not_judged.empty()) std::cout << e.id << ": not judged: " << f.not_judged << '\n';
    }
    std::cout << "PostgreSQL " << version << ": " << agree << " agree, " << unknown << " that the server or the parser refuses, "
              << excused << " listed disagreements, " << wrong << " others\n";
    write_results(results, agree + excused + wrong, wrong);
    return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace claims

int main(int argc, char** argv) {
    try {
        std::string only, results;
        for (int i = 1; i < argc; ++i) {
            const bool file = std::string_view(argv[i]) == "--results" && i + 1 < argc;
            (file ? results : only) = argv[file ? ++i : i];
        }
        const std::string here = std::string(SOURCE_DIR) + "/tests/claims/";
        claims::corpus c;
        for (const char* file : {"lock_corpus.sql", "combinations.sql"}) claims::read_corpus(here + file, c);
        const auto list = claims::read_list(here + "disagreements.txt");
        if (list.size() * 100 > c.entries.size()) throw std::runtime_error("more than one statement in a hundred is listed as a disagreement");
        claims::make_template(c);
        return claims::report(c, claims::examine(c, only), list, claims::server_version(), results);
    } catch (const std::exception& e) {
        std::cerr << "claims: " << e.what() << '\n';
        return 2;
    }
}
