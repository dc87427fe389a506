#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/canceler.hpp"
#include "proxy/gate.hpp"
#include "proxy/hello.hpp"
#include "proxy/house.hpp"
#include "proxy/peer.hpp"
#include "proxy/scram_client.hpp"
#include "proxy/scram_server.hpp"
#include "proxy/secrets.hpp"
#include "proxy/session_view.hpp"
#include "proxy/upstream.hpp"

namespace proxy {

// One client and its one server connection, from accept to the end, in one worker thread.
//
// hello: the client's first packets are answered; nothing is asked of the server. securing: it has asked for TLS.
// authenticating: its StartupMessage is there, and it has to prove itself to us (auth.mode: scram). connecting: to the
// server. relaying: both directions run through the gate, each as fast as the other
// leg takes it. canceling: a CancelRequest is on its way. closing: the client is given time to read what it was sent.
class session {
public:
    // `gone` is called once when the session has ended; it must destroy it later, not inside the call.
    session(house& h, int client, std::function<void(session&)> gone);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    // The proxy is to stop: ends now if the client has been idle outside a transaction for that long, or else as soon as it
    // has. What has not begun by then ends too.
    void drain(std::chrono::milliseconds idle_for);
    // The settings have been read again: they count from the next transaction on.
    void renew(std::shared_ptr<const config::settings> settings);
    // A CancelRequest with this key has reached the server.
    void note_cancel(std::string_view key, cancel_stage how_far) noexcept;
    // A schema change of the client's is canceled, as the client could cancel it: what was done of it is taken back.
    void give_up();
    // locks.max_queue: see gate::give_way.
    void give_way(std::uint64_t attempt, std::size_t queue);
    // Ends now, whatever it does.
    void stop();

    std::uint64_t id() const noexcept { return id_; }

    // session_view.cpp: for those who look on
    doing doing_now() const noexcept;
    std::size_t put_off() const noexcept;
    std::uint64_t held_bytes() const noexcept;
    session_view view() const;
    std::optional<ddl_under_way> under_way() const;

private:
    static constexpr int reads_per_turn = 16;  // of the scratch buffer, then it is the other sessions' turn

    enum class stage { hello, securing, authenticating, connecting, relaying, canceling, closing, ended };

    struct leg final : event_loop::watcher {
        explicit leg(session& of) noexcept : owner(of) {}
        void on_ready(std::uint32_t epoll_events) override;
        edge_socket* reads_first() noexcept override;
        session& owner;
        peer socket;
    };

    void run();
    void guarded(const std::function<void()>& step);

    // entrance.cpp: until the server is there
    void greet();
    void answer_encryption(bool tls_wanted);
    void secure(bool direct);
    void on_handshake();
    void on_startup(protocol::bytes packet);
    bool may_enter(const protocol::startup_message& startup);
    bool find_place(const protocol::startup_message& startup);
    void on_cancel(protocol::bytes packet);
    void dial();
    void on_connected(connection&& made);
    greeting greeting_with_server();

    // authentication.cpp: auth.mode: scram
    void verify(const std::string& user);
    void on_secret(const std::string& user, secrets::found f);
    void authenticate();
    void hear_responses(protocol::bytes in);
    void on_response(scram_server::step step);

    // session.cpp
    void on_late();

    void relay();
    bool hears_client() const noexcept;
    bool hears_server() const noexcept;
    bool client_to_server();
    bool server_to_client();
    void feed_client(protocol::bytes in);
    void feed_server(protocol::bytes in);
    void take_stock();
    void end_input();
    void on_server_gone();
    void watch_phase();
    void watch_hold();
    void on_hold_timer();
    void watch_wake();
    void on_wake_timer();
    void cancel_statement(canceler::whose of = canceler::whose::clients);
    bool idle() const noexcept;

    void say_fatal(const protocol::error_fields& fatal);
    void say_fatal(const char* sqlstate, std::string message, std::string hint = {});
    void hang_up();
    void linger();
    void leave_idle();
    void look_again_at(event_loop::clock::time_point when);
    void leave() noexcept;
    void end() noexcept;

    house& house_;
    std::function<void(session&)> gone_;
    const std::uint64_t id_;
    const std::string from_;
    const bool local_;                 // the client's is a Unix socket
    const event_loop::clock::time_point accepted_;
    stage stage_ = stage::hello;
    leg client_{*this}, server_{*this};
    hello hello_;
    bool direct_tls_ = false;
    std::size_t host_ = 0, next_host_ = 0;  // of upstream.host: the one that the session is with, and the one behind it
    protocol::buffer startup_;         // the StartupMessage, until it is sent
    std::unique_ptr<scram_server> login_;          // authenticating: once the secret is there
    std::unique_ptr<scram_client::account> proved_;  // ... and until the server is there
    std::shared_ptr<session*> self_;   // who looks the secret up finds us gone by it
    std::unique_ptr<upstream> dial_;
    std::unique_ptr<canceler> cancel_;
    std::unique_ptr<gate> gate_;       // from the StartupMessage on
    event_loop::timer timer_ = 0;      // startup, then the last farewell
    event_loop::timer wake_timer_ = 0; // at wake_at_, for the gate
    std::optional<event_loop::clock::time_point> wake_at_;
    event_loop::timer hold_timer_ = 0; // of the strong lock that the client's transaction holds (locks.max_hold)
    bool starting_ = true;             // no ReadyForQuery yet: timer_ is limits.startup
    bool counted_ = false;             // in shared.clients
    std::optional<std::string> user_in_, database_in_;  // ... and in shared.users_in and databases_in
    bool heard_ = false;               // the server has said something
    bool half_closed_ = false;         // the client's end of input was passed on
    bool parting_ = false;             // Terminate or the server's FATAL: the server's end is awaited, for a time
    std::optional<std::chrono::milliseconds> drain_after_;  // idle for so long; nullopt: nobody wants us to stop
    event_loop::timer drain_timer_ = 0;
    event_loop::clock::time_point last_heard_{};  // of either side
    bool fin_sent_ = false;            // closing: all is sent, the client's end is awaited
};

}  // namespace proxy
