internal import COpenSSL

/// Judges a peer's certificate while the handshake runs, so that a refusal reaches the peer as an alert.
enum CertificateVerification {
    struct Failure {
        let message: String
        let depth: Int
    }

    /// Called by OpenSSL once for each certificate of the chain, the root first, the peer's own last,
    /// and once for each error.
    static let callback: SSL_verify_cb = { accepted, store in
        guard let store, let engine = engine(of: store) else { return 0 }
        let depth = Int(X509_STORE_CTX_get_error_depth(store))
        guard accepted == 1 else {
            let code = Int(X509_STORE_CTX_get_error(store))
            engine.verificationFailure = Failure(
                message: String(cString: X509_verify_cert_error_string(code)), depth: depth)
            return 0
        }
        guard depth == 0 else { return 1 }
        if let failure = refusal(of: store, by: engine.context.expectation) {
            engine.verificationFailure = failure
            X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
            return 0
        }
        return 1
    }

    private static func engine(of store: OpaquePointer) -> TLSEngine? {
        let index = SSL_get_ex_data_X509_STORE_CTX_idx()
        guard let ssl = X509_STORE_CTX_get_ex_data(store, index) else { return nil }
        return TLSEngine.of(OpaquePointer(ssl))
    }

    private static func refusal(
        of store: OpaquePointer, by expectation: PeerExpectation
    ) -> Failure? {
        // A server that was dialled by its name is judged by that alone.
        if expectation == .serverName { return nil }
        guard let pointer = X509_STORE_CTX_get_current_cert(store) else {
            return Failure(message: "no certificate", depth: 0)
        }
        X509_up_ref(pointer)
        let certificate = X509Certificate(owning: pointer)
        let fault = certificate.uriFault() ?? expectation.refusal(of: certificate.identity())
        return fault.map { Failure(message: $0, depth: 0) }
    }
}
