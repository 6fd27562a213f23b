internal import RPC

/// Why somebody is not let in: what the caller learns of it, and what the log does.
package struct AuthenticationRefusal: Error, Hashable, Sendable {
    /// Of `ErrorInfo`, log and metric.
    package let reason: String
    /// For the caller: nothing that tells a guesser how near a guess was.
    let message: String
    /// For the log.
    package let detail: String
    /// The credential is good, but what it names is not here: 7 and not 16.
    var isForbidden = false
    /// Somebody may be guessing. A request without any credential is no guess.
    var isFailedLogin = true

    init(_ reason: String, _ message: String, detail: String = "") {
        self.reason = reason
        self.message = message
        self.detail = detail
    }

    init(_ refusal: APIKeyVerifier.Refusal) {
        switch refusal {
        case .expired: self.init("EXPIRED", "the API key has expired", detail: "\(refusal)")
        case .binding:
            self.init(
                "BINDING", "the API key needs the client certificate that it is bound to",
                detail: "\(refusal)")
        default:
            self.init("BAD_CREDENTIALS", "the API key is not valid", detail: "\(refusal)")
        }
    }

    init(_ refusal: TokenRefusal) {
        switch refusal {
        case .expired: self.init("EXPIRED", "the token has expired", detail: refusal.rawValue)
        case .binding:
            self.init(
                "BINDING", "the token needs the client certificate that it is bound to",
                detail: refusal.rawValue)
        case .tenant:
            self.init("TENANT", "the token's tenant is not served here", detail: refusal.rawValue)
            isForbidden = true
            isFailedLogin = false
        default: self.init("BAD_CREDENTIALS", "the token is not valid", detail: refusal.rawValue)
        }
    }

    static let ambiguousCertificate = AuthenticationRefusal(
        "AMBIGUOUS", "the client certificate has names of several clients",
        detail: "certificate_ambiguous")
    static let expiredCertificate = AuthenticationRefusal(
        "EXPIRED", "the client certificate has expired", detail: "certificate_expired")
    static let otherClient = AuthenticationRefusal(
        "AMBIGUOUS", "the client certificate is another client's",
        detail: "certificate_other_client")

    static func none(_ certificate: PeerCertificate?) -> AuthenticationRefusal {
        let what = "an API key is needed, in x-api-key or as a bearer token, or a token"
        var refusal = AuthenticationRefusal(
            "NO_CREDENTIALS",
            certificate == nil ? what : "\(what): the client certificate names no client here")
        refusal.isFailedLogin = false
        return refusal
    }
}
