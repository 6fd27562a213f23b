package import RPC

/// Turns what a request shows into who calls: an API key, a token, a client certificate, or one of the
/// first two in a certificate's company.
package final class Authenticator: Sendable {
    /// A credential as text; not checked.
    package enum Credential {
        /// In `x-api-key`: an API key and nothing else.
        case apiKey(ArraySlice<UInt8>)
        /// In `authorization`: an API key or a token.
        case bearer(ArraySlice<UInt8>)

        /// The public part of an API key, whether or not it is a good one; nil of anything else.
        var keyID: String? {
            switch self {
            case .apiKey(let text), .bearer(let text):
                text.withUnsafeBytes { try? APIKeyText(checking: $0).id }
            }
        }
    }

    package enum Outcome: Sendable {
        case principal(Principal)
        case refused(AuthenticationRefusal)
        case wait(KeySetCache)
    }

    /// What came of a credential, and what it was.
    package struct Finding: Sendable {
        package var outcome: Outcome
        package var kind: CredentialKind
        /// Known from before, and not verified anew.
        package var isRemembered = false
    }

    /// What a request brings besides its credential.
    package struct Circumstances {
        /// Seconds since 1970.
        var wallClock: Int64
        var now: Instant
        var certificate: PeerCertificate?
        /// How often the call has waited for keys.
        var round: Int

        package init(
            wallClock: Int64, now: Instant, certificate: PeerCertificate? = nil, round: Int = 0
        ) {
            self.wallClock = wallClock
            self.now = now
            self.certificate = certificate
            self.round = round
        }
    }

    let keys: APIKeyVerifier
    let tokens: TokenVerifier
    let certificates: CertificateIdentity

    init(keys: APIKeyVerifier, tokens: TokenVerifier, certificates: CertificateIdentity) {
        self.keys = keys
        self.tokens = tokens
        self.certificates = certificates
    }

    package func authenticate(
        _ credential: Credential?, _ circumstances: Circumstances
    ) -> Outcome {
        examine(credential, circumstances).outcome
    }

    /// As `authenticate`, and says what the credential was.
    package func examine(
        _ credential: Credential?, _ circumstances: Circumstances
    ) -> Finding {
        var shown: Principal?
        if let certificate = circumstances.certificate {
            var refusal: AuthenticationRefusal?
            switch certificates.find(certificate) {
            case .unknown: break
            case .ambiguous: refusal = .ambiguousCertificate
            case .principal(let principal): shown = principal
            }
            // A connection may outlive the certificate that it began with.
            if refusal == nil, circumstances.wallClock >= certificate.expiresAt {
                refusal = .expiredCertificate
            }
            if let refusal { return Finding(outcome: .refused(refusal), kind: .certificate) }
        }
        guard let credential else {
            if let shown { return Finding(outcome: .principal(shown), kind: .certificate) }
            return Finding(outcome: .refused(.none(circumstances.certificate)), kind: .none)
        }
        var finding = check(credential, circumstances)
        if let shown, case .principal(let principal) = finding.outcome,
            !shown.isSameClient(as: principal)
        {
            finding.outcome = .refused(.otherClient)
        }
        return finding
    }

    private func check(
        _ credential: Credential, _ circumstances: Circumstances
    ) -> Finding {
        switch credential {
        case .apiKey(let text): return check(key: text, circumstances)
        case .bearer(let text):
            if tokens.isEmpty || text.starts(with: APIKey.prefix) {
                return check(key: text, circumstances)
            }
        }
        guard case .bearer(let token) = credential else { preconditionFailure("a token") }
        var finding: Finding
        switch tokens.verify(token, circumstances) {
        case .principal(let principal):
            finding = Finding(outcome: .principal(principal), kind: .token)
        case .remembered(let principal):
            finding = Finding(outcome: .principal(principal), kind: .token)
            finding.isRemembered = true
        case .wait(let cache): finding = Finding(outcome: .wait(cache), kind: .token)
        case .refused(let refusal):
            finding = Finding(outcome: .refused(AuthenticationRefusal(refusal)), kind: .token)
        }
        return finding
    }

    private func check(
        key: ArraySlice<UInt8>, _ circumstances: Circumstances
    ) -> Finding {
        do throws(APIKeyVerifier.Refusal) {
            let principal = try keys.verify(
                key, certificate: circumstances.certificate, wallClock: circumstances.wallClock)
            return Finding(outcome: .principal(principal), kind: .apiKey)
        } catch {
            return Finding(outcome: .refused(AuthenticationRefusal(error)), kind: .apiKey)
        }
    }
}
