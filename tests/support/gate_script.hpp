#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "proxy/gate.hpp"
#include "support/server_model.hpp"

namespace support {

// A whole conversation of a client with the server through a gate. The gate sees both streams in pieces of `piece` bytes
// (0: as they come), keeps what it does not consume as the session does, and is cut after `cut` pieces (0: never). The
// server answers at once; by `chance` it takes its time, and who goes on next, with how much, is thrown.
class gate_script {
public:
    explicit gate_script(config::mode mode = config::mode::enforce) : settings_(std::make_shared<config::settings>()) {
        settings_->mode = mode;
        settings_->locks.budget = std::chrono::milliseconds::zero();
    }
    config::settings& settings() { return *settings_; }

    std::size_t piece = 0, cut = 0;
    std::optional<std::mt19937> chance;
    server_model server;
    std::vector<proxy::audit_record> audit;
    std::string audit_fails;  // why decisions cannot be written
    std::unique_ptr<proxy::counters> counts = std::make_unique<proxy::counters>();
    std::unique_ptr<proxy::held_budget> held = std::make_unique<proxy::held_budget>();  // no limit, unless a test sets one
    int lost_cancels = 0;     // so many of the gate's own do not reach the server
    int crowds = 0;           // so many attempts find too long a queue behind them, and are cancelled; a nap later the signal is sent

    // Runs it all; what the client got, one word a message: "C:SELECT", "E:LK001", "Z:I", "1", "D:0" ...
    std::vector<std::string> run(const std::vector<protocol::buffer>& messages) {
        gate_ = std::make_unique<proxy::gate>(settings_, proxy::gate::identity{1, "test", nullptr, counts.get(), held.get()},
                                              [this](proxy::audit_record&& r) {
                                                  if (r.event == "decision" && !audit_fails.empty()) return audit_fails;
                                                  audit.push_back(std::move(r));
                                                  return std::string();
                                              });
        gate_->on_startup({});
        server_out_ = server.start();
        settle();
        received_.clear();
        for (const auto& m : messages) {
            client_out_.insert(client_out_.end(), m.begin(), m.end());
            if (wait_each) settle();
        }
        settle();
        if (is_cut()) gate_->on_server_lost();
        return got = words(received_);
    }
    std::vector<std::string> got;
    std::size_t most_held = 0;  // bytes that the gate left unconsumed, at most
    std::uint64_t most_taken = 0;  // ... and of `held`
    void end() { gate_.reset(); }  // the session is gone
    bool wait_each = false;  // the client waits for the replies to each message before it sends the next

    std::size_t pieces() const { return fed_; }
    bool gate_closed() const { return gate_->closed(); }
    const proxy::gate& gate() const { return *gate_; }

private:
    bool is_cut() const { return cut != 0 && fed_ >= cut; }

    // Moves pieces until nobody has anything to say.
    void settle() {
        if (chance) return settle_by_chance();
        for (bool moved = true; moved && !is_cut();) {
            moved = hear_client();
            if (!is_cut()) moved |= hear_server();
            if (!moved) moved = nap();
        }
    }

    void settle_by_chance() {
        std::array order{&gate_script::hear_client, &gate_script::hear_server, &gate_script::serve_one};
        for (bool moved = true; moved;) {
            std::shuffle(order.begin(), order.end(), *chance);
            piece = std::uniform_int_distribution<std::size_t>(1, 80)(*chance);
            moved = std::any_of(order.begin(), order.end(), [this](auto step) { return (this->*step)(); }) || nap();
        }
    }

    bool hear_client() {
        return feed(client_out_, client_seen_, [&](protocol::bytes b) { return gate_->from_client(b, to_server_, to_client_); }, true);
    }
    bool hear_server() {
        return feed(server_out_, server_seen_, [&](protocol::bytes b) { return gate_->from_server(b, to_client_, to_server_); }, false);
    }

    // Nobody moves, and the gate waits for a time: it comes, and a second has gone.
    bool nap() {
        if (!gate_->wake_at()) return false;
        server.executed.push_back("NAP");
        const bool was_closed = gate_->closed();
        if (server.fail_once.erase("NAP") != 0)
            for (const auto stage : {proxy::cancel_stage::come, proxy::cancel_stage::sent}) gate_->note_cancel(server.key, stage);
        now_ += std::chrono::seconds(1);
        gate_->set_now(now_);
        gate_->way_given();
        const bool overdue = gate_->wake(to_server_, to_client_);
        hand_out();
        if (overdue && lost_cancels-- > 0) {
            gate_->way_given();
        } else if (overdue) {
            const auto said = server.cancel();
            server_out_.insert(server_out_.end(), said.begin(), said.end());
        }
        if (was_closed && !gate_->closed()) reopened_ = true;
        return true;
    }

    void hand_out() {
        for (const auto part : to_client_.parts()) received_.insert(received_.end(), part.begin(), part.end());
        to_client_.clear();
        const auto work = crowds > 0 ? gate_->under_way() : std::nullopt;
        if (work && gate_->give_way(work->attempt, 7)) --crowds;
        for (const auto part : to_server_.parts()) to_serve_.insert(to_serve_.end(), part.begin(), part.end());
        to_server_.clear();
        while (!chance && serve_one()) {
        }
        most_taken = std::max(most_taken, held->taken());
        gate_->note_sent();
    }

    // One step of one direction: `seen` bytes of `stream` were shown to the gate and not consumed.
    bool feed(protocol::buffer& stream, std::size_t& seen, const std::function<std::size_t(protocol::bytes)>& gate, bool client) {
        if (client && gate_->closed()) return false;
        const bool reopened = client && reopened_;
        if (seen == stream.size() && !reopened) return false;
        if (client) reopened_ = false;
        seen = std::min(stream.size(), seen + (piece == 0 ? stream.size() : piece));
        ++fed_;
        const protocol::buffer shown(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(seen));
        const bool was_closed = gate_->closed();
        const auto used = gate(shown);
        hand_out();
        stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(used));
        seen -= used;
        most_held = std::max(most_held, seen);
        if (was_closed && !gate_->closed()) reopened_ = true;
        return true;
    }

    // The server takes the next message, if there is a whole one.
    bool serve_one() {
        const auto f = take_frame(to_serve_);
        if (!f) return false;
        const auto reply = server.answer({static_cast<char>((*f)[0]), protocol::bytes(*f).subspan(protocol::header_size), *f});
        server_out_.insert(server_out_.end(), reply.begin(), reply.end());
        return true;
    }

    // Takes the message off the front of `stream`, if it is whole.
    static std::optional<protocol::buffer> take_frame(protocol::buffer& stream) {
        if (stream.size() < protocol::header_size) return std::nullopt;
        const auto size = protocol::read_header(stream).length + std::size_t{1};
        if (stream.size() < size) return std::nullopt;
        const auto end = stream.begin() + static_cast<std::ptrdiff_t>(size);
        protocol::buffer frame(stream.begin(), end);
        stream.erase(stream.begin(), end);
        return frame;
    }

    static std::vector<std::string> words(protocol::buffer stream) {
        std::vector<std::string> out;
        while (const auto f = take_frame(stream)) {
            const auto body = protocol::bytes(*f).subspan(protocol::header_size);
            std::string word(1, static_cast<char>((*f)[0]));
            if (word == "Z") word += ":" + std::string(1, static_cast<char>(body[0]));
            if (word == "C") word += ":" + std::string(protocol::as_text(body.first(body.size() - 1)));
            if (word == "E" || word == "N") word += ":" + std::string(protocol::decode_error(body)->get('C'));
            if (word == "D") word += ":" + protocol::decode_data_row(body)->at(0).value_or("NULL");
            out.push_back(word);
        }
        if (!stream.empty()) out.push_back("rest");
        return out;
    }

    std::shared_ptr<config::settings> settings_;
    std::unique_ptr<proxy::gate> gate_;
    proxy::outbox to_server_, to_client_;
    protocol::buffer client_out_, server_out_, to_serve_, received_;
    std::size_t client_seen_ = 0, server_seen_ = 0, fed_ = 0;
    bool reopened_ = false;
    std::chrono::steady_clock::time_point now_{};
};

}  // namespace support
