#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>
#include <vector>

#include "policy/judge.hpp"

// How long the policy takes, without sockets and without facts. Where a benchmark has the counter `allocations`, it is how
// often it asked for memory in one run.

namespace {
std::atomic<std::size_t> allocations{0};
}

// noinline: else g++ 12 sees malloc meet delete, and warns.
[[gnu::noinline]] void* operator new(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

// What an application sends all day: none of it is judged.
constexpr const char* queries[] = {
    "SELECT abalance FROM pgbench_accounts WHERE aid = 4711;",
    "UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2",
    "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)",
    "SELECT o.id, o.total FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.email = $1 ORDER BY o.id DESC LIMIT 20",
    "BEGIN",
};

constexpr auto django_query =
    R"(SELECT "auth_user"."id", "auth_user"."password", "auth_user"."last_login", "auth_user"."is_superuser", )"
    R"("auth_user"."username", "auth_user"."first_name", "auth_user"."last_name", "auth_user"."email", )"
    R"("auth_user"."is_staff", "auth_user"."is_active", "auth_user"."date_joined" FROM "auth_user" )"
    R"(WHERE "auth_user"."id" = 1 LIMIT 21)";

std::vector<std::string> statements() {
    std::ifstream file(SOURCE_DIR "/tests/bench/statements.sql");
    std::vector<std::string> out;
    for (std::string line; std::getline(file, line);)
        if (!line.empty() && !line.starts_with("--")) out.push_back(line);
    if (out.empty()) throw std::runtime_error("no statements");
    return out;
}

template <class Work>
void run(benchmark::State& state, Work work) {
    const auto before = allocations.load();
    for (auto _ : state) benchmark::DoNotOptimize(work());
    state.counters["allocations"] = static_cast<double>(allocations.load() - before) / static_cast<double>(state.iterations());
}

void judge_parsed(benchmark::State& state, const std::string& sql) {
    const auto script = policy::read_script(sql, {});
    const config::settings settings;
    run(state, [&] { return policy::judge(script, {}, {}, settings).action; });
}

void parse_and_judge(benchmark::State& state, const std::string& sql) {
    const config::settings settings;
    run(state, [&] { return policy::judge(policy::read_script(sql, {}), {}, {}, settings).action; });
}

// The yardstick of the first look: the same text, parsed.
void parse(benchmark::State& state, const char* sql) {
    run(state, [&] { return policy::read_script(sql, {}).text().size(); });
}

void look(benchmark::State& state, const char* sql) {
    const std::string_view text(sql);
    run(state, [&] { return policy::may_need_judging(text, {}); });
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t number = 0;
    for (const auto& sql : statements()) {
        const auto name = std::to_string(++number) + ": " + sql.substr(0, 60);
        benchmark::RegisterBenchmark(("evaluate/" + name).c_str(), judge_parsed, sql);
        benchmark::RegisterBenchmark(("parse and evaluate/" + name).c_str(), parse_and_judge, sql);
    }
    for (const auto* sql : queries) {
        benchmark::RegisterBenchmark(("look/" + std::string(sql, 0, 60)).c_str(), look, sql);
        benchmark::RegisterBenchmark(("parse/" + std::string(sql, 0, 60)).c_str(), parse, sql);
    }
    benchmark::RegisterBenchmark("look long/Django's SELECT of a user", look, django_query);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
