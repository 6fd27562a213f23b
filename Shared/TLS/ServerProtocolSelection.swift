internal import COpenSSL

/// The two callbacks by which a server insists on ALPN.
enum ServerProtocolSelection {
    /// `SSL_CTX_set_alpn_select_cb`: `argument` is the context's `ProtocolList`.
    static let select: SSL_CTX_alpn_select_cb_func = {
        _, selected, selectedLength, offered, offeredLength, argument in
        guard let selected, let selectedLength, let offered, let argument else {
            return SSL_TLSEXT_ERR_ALERT_FATAL
        }
        let list = Unmanaged<ProtocolList>.fromOpaque(argument).takeUnretainedValue()
        let names = UnsafeBufferPointer(start: offered, count: Int(offeredLength))
        guard let match = list.select(from: names) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        selected.pointee = match.baseAddress
        selectedLength.pointee = UInt8(match.count)
        return SSL_TLSEXT_ERR_OK
    }

    /// `SSL_CTX_set_client_hello_cb`: a hello without the ALPN extension never reaches `select`,
    /// so it is refused here, with `no_application_protocol`.
    static let requireOffer: SSL_client_hello_cb_fn = { ssl, alert, _ in
        var value: UnsafePointer<UInt8>?
        var length = 0
        let present = SSL_client_hello_get0_ext(
            ssl, UInt32(TLSEXT_TYPE_application_layer_protocol_negotiation), &value, &length)
        if present == 1 { return SSL_CLIENT_HELLO_SUCCESS }
        alert?.pointee = SSL_AD_NO_APPLICATION_PROTOCOL
        return SSL_CLIENT_HELLO_ERROR
    }
}
