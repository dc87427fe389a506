#pragma once

#include <cstddef>
#include <string>

#include "protocol/bytes.hpp"

namespace proxy {

// The packets of a client before a session is: requests for encryption, then a StartupMessage or a CancelRequest
// (manual 55.2.1, 55.2.10, 55.7). They carry no tag: length, then a code that is a protocol version or a request.
class hello {
public:
    enum class what {
        more,     // not a whole packet yet
        tls,      // an SSLRequest: consume it, answer S and go on with TLS, or answer N
        no,       // a GSSENCRequest: consume it, answer N
        direct,   // no packet: TLS from the first byte on (PostgreSQL 17, sslnegotiation=direct)
        startup,  // a StartupMessage, to be passed on as it is
        cancel,   // a CancelRequest, likewise
        bad,      // say `problem` and hang up
    };
    struct step {
        hello::what what = hello::what::more;
        std::size_t size = 0;  // octets of the packet
        const char* sqlstate = nullptr;
        std::string problem;
    };

    // `in` from the first byte of the next packet.
    step next(protocol::bytes in);

    // What comes from here on is encrypted: no more is asked for.
    void secured() noexcept { tls_asked_ = gss_asked_ = first_ = true; }

private:
    bool tls_asked_ = false, gss_asked_ = false;
    bool first_ = false;  // there was a packet, or TLS, already
};

}  // namespace proxy
