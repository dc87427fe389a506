#pragma once

#include <memory>
#include <string>

#include "config/settings.hpp"
#include "proxy/tls.hpp"

namespace proxy {

// Under auth.mode: pass. With TLS on both connections SCRAM binds the login to the certificate that the client sees, so lockkeeper's must be the
// server's own (RFC 5929, 4). Connects to the server to look; throws tls_error where it differs and is not allowed to. A
// server that cannot be reached is only warned about: each session is checked again.
void check_certificates(const config::settings& settings, const std::shared_ptr<const tls_contexts>& tls);

}  // namespace proxy
