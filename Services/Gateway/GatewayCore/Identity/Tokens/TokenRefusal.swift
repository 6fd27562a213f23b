/// Why a token is not believed. The caller learns less: see `Authenticator`.
enum TokenRefusal: String, Error, Hashable {
    case tooLarge = "token_too_large"
    case malformed = "token_malformed"
    case type = "token_type"
    case critical = "token_critical_header"
    case algorithm = "token_algorithm"
    case keyID = "token_kid"
    case issuer = "token_issuer"
    /// A claim that is there in a form that it must not have.
    case claim = "token_claim"
    case expired = "token_expired"
    case notYetValid = "token_not_yet_valid"
    case audience = "token_audience"
    case lifetime = "token_lifetime"
    case unknownKey = "token_unknown_key"
    case signature = "token_signature"
    /// Bound to a client certificate that the connection does not have, or in a way we cannot check.
    case binding = "token_binding"
    /// Names no tenant, or one that the issuer may not speak for, or that is not here.
    case tenant = "token_tenant"
    case client = "token_client"
}
