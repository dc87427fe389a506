#include "proxy/observation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// What is made of a server's answers; the answers themselves are test_observer.py's.
namespace {

using proxy::backend;
using proxy::ddl_under_way;
using proxy::wait_graph;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

TEST(wait_graph, a_queue_is_all_who_wait_behind_directly_or_not) {
    const wait_graph g({{2, 1}, {3, 2}, {4, 2}, {5, 4}, {7, 6}});
    EXPECT_TRUE(g.waits(2));
    EXPECT_FALSE(g.waits(1));
    EXPECT_THAT(g.blockers_of(2), ElementsAre(1));
    EXPECT_THAT(g.queue_behind(2), ElementsAre(3, 4, 5));
    EXPECT_THAT(g.queue_behind(1), ElementsAre(2, 3, 4, 5));
    EXPECT_THAT(g.queue_behind(5), IsEmpty());
    EXPECT_THAT(g.all_before(5), ElementsAre(4, 2, 1));
    EXPECT_THAT(g.blockers_of(99), IsEmpty());
}

TEST(wait_graph, nobody_is_counted_twice) {
    const wait_graph g({{2, 1}, {2, 1}, {3, 1}, {3, 2}, {3, 3}});  // 1 has parallel workers
    EXPECT_EQ(g.edges().size(), 3u);
    EXPECT_THAT(g.queue_behind(1), ElementsAre(2, 3));
}

TEST(wait_graph, a_deadlock_has_an_end) {
    const wait_graph g({{1, 2}, {2, 3}, {3, 1}});
    EXPECT_THAT(g.queue_behind(1), ElementsAre(3, 2));
    EXPECT_THAT(g.all_before(1), ElementsAre(2, 3));
}

TEST(wait_graph, prepared_transactions_have_nothing_in_common) {
    const wait_graph g({{2, 0}, {3, 0}});
    EXPECT_THAT(g.blockers_of(2), ElementsAre(0));
    EXPECT_THAT(g.queue_behind(0), IsEmpty());
}

backend somebody(std::uint32_t pid, std::string state = "active") {
    return {.pid = pid, .user = "app", .database = "shop", .application_name = "web 1", .type = "client backend", .state = std::move(state), .began = "then"};
}

backend idler(std::uint32_t pid, double seconds) {
    auto b = somebody(pid, "idle in transaction");
    b.idle_seconds = seconds;
    return b;
}

ddl_under_way change(std::uint32_t pid) {
    ddl_under_way d{.session = pid, .user = "app", .database = "shop", .server_pid = pid, .at_work = true, .attempt = 4};
    d.limits.max_queue = 2;
    d.limits.terminate_blockers = 5s;
    return d;
}

std::map<std::uint32_t, backend> backends(std::vector<backend> all) {
    std::map<std::uint32_t, backend> out;
    for (auto& b : all) out.emplace(b.pid, b);
    return out;
}

TEST(observation, tells_of_each_change_what_is_before_and_behind_it) {
    const std::vector all{change(2), change(6)};
    const wait_graph waits({{2, 1}, {3, 2}, {4, 3}});
    EXPECT_THAT(told_of(all, waits), ElementsAre(1, 2, 3, 4, 6));
    const auto o = observe(all, waits, backends({somebody(1), somebody(2), somebody(3), somebody(6)}), {{6, {"CREATE INDEX", "sorting", 40}}});
    EXPECT_TRUE(o.of(2)->waits);
    EXPECT_THAT(o.of(2)->blockers, ElementsAre(1));
    EXPECT_THAT(o.of(2)->queue, ElementsAre(3, 4));
    EXPECT_FALSE(o.of(6)->waits);
    EXPECT_EQ(o.of(6)->progress->percent, 40);
    EXPECT_EQ(o.queued, 2u);
    EXPECT_THAT(o.edges, ElementsAre(wait_graph::edge{2, 1}, wait_graph::edge{3, 2}));  // 4 has gone meanwhile
}

TEST(observation, who_waits_outside_of_the_queue_names_the_holders_itself) {
    auto d = change(2);
    d.in_the_way = {8, 9};
    const wait_graph waits({});
    EXPECT_THAT(told_of({d}, waits), ElementsAre(2, 8, 9));
    EXPECT_THAT(observe({d}, waits, backends({somebody(2), somebody(8)}), {}).of(2)->blockers, ElementsAre(8, 9));
}

TEST(observation, a_process_of_another_server_is_not_taken_for_ours) {
    auto other = somebody(2);
    other.database = "else";
    EXPECT_EQ(observe({change(2)}, wait_graph({{2, 1}}), backends({other}), {}).of(2), nullptr);
    EXPECT_EQ(observe({change(2)}, wait_graph({{2, 1}}), {}, {}).of(2), nullptr);
}

TEST(observation, what_only_keeps_a_lock_is_not_looked_at) {
    auto d = change(2);
    d.at_work = false;
    EXPECT_THAT(told_of({d}, wait_graph({{3, 2}})), IsEmpty());
    EXPECT_EQ(observe({d}, wait_graph({}), backends({somebody(2)}), {}).of(2), nullptr);
}

TEST(observation, of_a_long_queue_the_first_are_told_of_and_all_counted) {
    std::vector<wait_graph::edge> edges;
    for (std::uint32_t pid = 10; pid < 110; ++pid) edges.push_back({pid, 2});
    const wait_graph waits(edges);
    EXPECT_EQ(told_of({change(2)}, waits).size(), 21u);
    EXPECT_EQ(observe({change(2)}, waits, backends({somebody(2)}), {}).of(2)->queue.size(), 100u);
}

TEST(max_queue, is_for_an_attempt_that_waits) {
    proxy::observed_ddl seen{.waits = true, .queue = {3, 4, 5}};
    EXPECT_TRUE(too_many_behind(change(2), seen));
    auto d = change(2);
    d.attempt = 0;
    EXPECT_FALSE(too_many_behind(d, seen));
    d = change(2);
    d.limits.max_queue = 0;
    EXPECT_FALSE(too_many_behind(d, seen));
    d.limits.max_queue = 3;
    EXPECT_FALSE(too_many_behind(d, seen));
    seen.waits = false;
    EXPECT_FALSE(too_many_behind(change(2), seen));
}

struct termination : testing::Test {
    ddl_under_way waiter = change(2);
    std::vector<ddl_under_way> all{waiter};
    backend blocker = idler(1, 6);

    std::vector<std::uint32_t> chosen() const {
        return to_terminate(waiter, observe(all, wait_graph({{2, 1}}), backends({blocker, somebody(2)}), {}), all);
    }
};

TEST_F(termination, of_who_idles_in_the_way_for_longer_than_the_limit) {
    EXPECT_THAT(chosen(), ElementsAre(1));
    blocker.idle_seconds = 5;
    EXPECT_THAT(chosen(), IsEmpty());
    blocker = idler(1, 6);
    blocker.state = "idle in transaction (aborted)";
    EXPECT_THAT(chosen(), ElementsAre(1));
}

TEST_F(termination, of_nobody_without_a_limit) {
    waiter.limits.terminate_blockers = 0s;
    EXPECT_THAT(chosen(), IsEmpty());
}

TEST_F(termination, never_of_who_is_at_work) {
    for (const auto* state : {"active", "idle", "fastpath function call", "disabled", ""}) {
        blocker.state = state;
        EXPECT_THAT(chosen(), IsEmpty()) << state;
    }
}

TEST_F(termination, never_of_superusers_replication_and_the_servers_own) {
    blocker.privileged = true;
    EXPECT_THAT(chosen(), IsEmpty());
    blocker.privileged = false;
    for (const auto* type : {"walsender", "autovacuum worker", "parallel worker", "background worker", ""}) {
        blocker.type = type;
        EXPECT_THAT(chosen(), IsEmpty()) << type;
    }
}

TEST_F(termination, of_those_whom_both_patterns_fit) {
    waiter.limits.terminate_blockers_user = "report, ap*";
    waiter.limits.terminate_blockers_application = "web *";
    EXPECT_THAT(chosen(), ElementsAre(1));
    waiter.limits.terminate_blockers_application = "cron";
    EXPECT_THAT(chosen(), IsEmpty());
    waiter.limits.terminate_blockers_application = "*";
    waiter.limits.terminate_blockers_user = "";
    EXPECT_THAT(chosen(), IsEmpty());
}

TEST_F(termination, never_of_a_session_that_changes_the_schema) {
    auto other = change(1);
    other.at_work = false;
    all.push_back(other);
    EXPECT_THAT(chosen(), IsEmpty());
}

TEST_F(termination, names_the_session_as_it_was_seen) {
    blocker.transaction_began = "a";
    blocker.state_changed = "b";
    EXPECT_THAT(proxy::termination(blocker, 2).parameters, ElementsAre("1", "then", "a", "b", "2"));
}

TEST(answers, are_read_where_columns_are_null) {
    const auto all = proxy::read_backends({{"7", "app", "shop", "web", std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
                                            std::nullopt, std::nullopt, std::nullopt, std::nullopt},
                                           {"8", "app", "shop", "web", "client backend", "idle in transaction", "SELECT 1", "2026", "2026", "2026",
                                            "12.5", "3.25", "f"}});
    EXPECT_TRUE(all.at(7).privileged) << "of whom nothing is known nobody is ended";
    EXPECT_EQ(all.at(8).seconds, 12.5);
    EXPECT_EQ(all.at(8).idle_seconds, 3.25);
    EXPECT_FALSE(all.at(8).privileged);
    const auto progress = proxy::read_progress({{"7", "VACUUM", "scanning heap", "33"}, {"8", "ANALYZE", "initializing", std::nullopt}});
    EXPECT_EQ(progress.at(7).percent, 33);
    EXPECT_EQ(progress.at(8).percent, std::nullopt);
    EXPECT_THAT(proxy::read_waits({{"2", "1"}, {"2", "0"}}).blockers_of(2), UnorderedElementsAre(1, 0));
}

}  // namespace
