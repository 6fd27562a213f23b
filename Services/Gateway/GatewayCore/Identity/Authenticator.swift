package import RPC

/// Turns what a request shows into who calls: an API key, a token, a client certificate, or one of the
/// first two in a certificate's company.
package struct Authenticator: Sendable {
    /// A credential as text; not checked.
    package enum Credential {
        /// In `x-api-key`: an API key and nothing else.
        case apiKey(ArraySlice<UInt8>)
        /// In `authorization`: an API key or a token.
        case bearer(ArraySlice<UInt8>)
    }

    package enum Outcome: Sendable {
        case principal(Principal)
        case refused(AuthenticationRefusal)
        case wait(KeySetCache)
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

    package func authenticate(
        _ credential: Credential?, _ circumstances: Circumstances
    ) -> Outcome {
        var shown: Principal?
        if let certificate = circumstances.certificate {
            switch certificates.find(certificate) {
            case .unknown: break
            case .ambiguous: return .refused(.ambiguousCertificate)
            case .principal(let principal): shown = principal
            }
            // A connection may outlive the certificate that it began with.
            if circumstances.wallClock >= certificate.expiresAt {
                return .refused(.expiredCertificate)
            }
        }
        guard let credential else {
            return shown.map { .principal($0) } ?? .refused(.none(circumstances.certificate))
        }
        let outcome = check(credential, circumstances)
        if let shown, case .principal(let principal) = outcome, !shown.isSameClient(as: principal) {
            return .refused(.otherClient)
        }
        return outcome
    }

    private func check(
        _ credential: Credential, _ circumstances: Circumstances
    ) -> Outcome {
        switch credential {
        case .apiKey(let text): return check(key: text, circumstances)
        case .bearer(let text):
            if tokens.isEmpty || text.starts(with: APIKey.prefix) {
                return check(key: text, circumstances)
            }
        }
        guard case .bearer(let token) = credential else { preconditionFailure("a token") }
        switch tokens.verify(token, circumstances) {
        case .principal(let principal): return .principal(principal)
        case .wait(let cache): return .wait(cache)
        case .refused(let refusal): return .refused(AuthenticationRefusal(refusal))
        }
    }

    private func check(
        key: ArraySlice<UInt8>, _ circumstances: Circumstances
    ) -> Outcome {
        do throws(APIKeyVerifier.Refusal) {
            return .principal(
                try keys.verify(
                    key, certificate: circumstances.certificate,
                    wallClock: circumstances.wallClock))
        } catch {
            return .refused(AuthenticationRefusal(error))
        }
    }
}
