#pragma once

#include <atomic>
#include <cstdint>

namespace proxy {

// A number that one thread adds to and any thread reads: a plain addition in memory, no locked instruction.
class counter {
public:
    void add(std::uint64_t more = 1) noexcept { value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed); }
    std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_ = 0;
};

// What one worker thread counts. Sums over all workers are made when somebody asks. On a cache line of its own: the others
// write to theirs all the time.
struct alignas(64) counters {
    counter connections;       // accepted
    counter sessions;          // of them, past the StartupMessage
    counter refused;           // by limits.clients
    counter cancels;           // CancelRequests
    counter upstream_failures; // the server could not be reached
    counter client_bytes, server_bytes;  // read from clients and from the server, without TLS
    counter passed;            // Query and Execute messages that went on without being judged
    counter batches;           // of our own statements
    counter attempts_given_up; // because of locks.max_queue
    counter not_held;          // messages that there was no room for (limits.held)
};

}  // namespace proxy
