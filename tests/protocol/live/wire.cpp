#include "wire.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "protocol/backend.hpp"
#include "support/cluster.hpp"

namespace live {
namespace {

constexpr int patience = 10'000;  // milliseconds

const support::cluster& the_cluster() {
    static const support::cluster only;
    return only;
}

}  // namespace

bool wire::message::fatal() const {
    if (tag != 'E') return false;
    const auto error = protocol::decode_error(body);
    return error && error->get('V') == "FATAL";
}

wire::wire() : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    const auto path = (the_cluster().directory() / ".s.PGSQL.5432").string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("the path of the socket is too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("the server cannot be reached");
}

wire::~wire() { ::close(socket_); }

void wire::send(const protocol::buffer& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const auto sent = ::send(socket_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) return;  // it has gone; what it said last is still to be read
        at += static_cast<std::size_t>(sent);
    }
}

bool wire::readable() const {
    pollfd waiting{socket_, POLLIN, 0};
    return !in_.empty() || ::poll(&waiting, 1, 0) > 0;
}

// Reads until `count` bytes are there; false where the stream ends before.
bool wire::fill(std::size_t count) {
    while (in_.size() < count) {
        pollfd waiting{socket_, POLLIN, 0};
        if (::poll(&waiting, 1, patience) <= 0) throw std::runtime_error("the server says nothing");
        std::uint8_t piece[4096];
        const auto size = ::recv(socket_, piece, sizeof piece, 0);
        if (size <= 0) return false;
        in_.insert(in_.end(), piece, piece + size);
    }
    return true;
}

std::optional<wire::message> wire::read() {
    if (!fill(protocol::header_size)) return std::nullopt;
    const auto head = protocol::read_header(in_);
    const auto size = std::size_t{head.length} + 1;
    if (!fill(size)) return std::nullopt;
    const auto begin = in_.begin(), end = begin + static_cast<std::ptrdiff_t>(size);
    message m{head.tag, {begin + protocol::header_size, end}};
    in_.erase(begin, end);
    return m;
}

protocol::buffer startup_message() {
    using namespace std::string_literals;
    const auto text = "\0\3\0\0user\0postgres\0database\0postgres\0\0"s;
    protocol::buffer out{0, 0, 0, static_cast<std::uint8_t>(text.size() + 4)};
    out.insert(out.end(), text.begin(), text.end());
    return out;
}

}  // namespace live
