internal import COpenSSL

/// The calling thread's OpenSSL error queue. It must be empty before an operation whose result
/// is judged by `SSL_get_error` [SSL_get_error(3)], and is emptied when a failure is reported.
enum OpenSSLErrorQueue {
    /// Reasons kept of one failure; the rest is dropped.
    private static let maximumReasons = 8

    static func clear() {
        // Clearing walks through all slots; on the hot path there is nothing to clear.
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    /// Takes every queued reason text, oldest first.
    static func drain() -> [String] {
        var reasons: [String] = []
        while case let code = ERR_get_error(), code != 0 {
            guard reasons.count < maximumReasons else { continue }
            reasons.append(reason(of: code))
        }
        return reasons
    }

    private static func reason(of code: UInt) -> String {
        if let text = ERR_reason_error_string(code) { return String(cString: text) }
        return "OpenSSL error \(String(code, radix: 16))"
    }
}

extension TLSError {
    /// An error with the reasons OpenSSL has queued.
    static func openSSL(_ code: Code, _ message: String, verifyDepth: Int? = nil) -> TLSError {
        TLSError(code, message, reasons: OpenSSLErrorQueue.drain(), verifyDepth: verifyDepth)
    }
}
