extension RawReply {
    /// An error in the face of a content type: Trailers-Only on gRPC, an HTTP status with a JSON
    /// body on the JSON face.
    public init(_ error: RPCError, contentType: ContentType) {
        if contentType.isGRPC || contentType == .otherGRPC {
            self.init(trailersOnly: error, contentType: contentType)
        } else {
            self.init(json: error, status: error.code.httpStatus)
        }
    }

    /// An error on the JSON face.
    public init(json error: RPCError, status: Int) {
        var headers: Metadata = ["content-type": "application/json"]
        if let retryAfter = error.retryAfter {
            let seconds = max(1, (retryAfter.saturatedNanoseconds - 1) / 1_000_000_000 + 1)
            headers.append("retry-after", String(seconds))
        }
        self.init(status: status, headers: headers, body: UnaryJSON.body(for: error))
    }

    /// A Trailers-Only reply: one header block that ends the stream.
    init(trailersOnly error: RPCError, contentType: ContentType) {
        var headers = Metadata()
        headers.append("content-type", "\(contentType.name)")
        headers.append(contentsOf: error.trailers)
        self.init(status: 200, headers: headers)
    }

    /// A message behind its prefix, with status OK.
    package init(framed: [UInt8], contentType: ContentType) {
        self.init(
            status: 200, headers: ["content-type": "\(contentType.name)"], body: framed,
            trailers: ["grpc-status": "0"])
    }

    /// HTTP 415: no content type that we read, or JSON for a method that streams.
    public init(unsupported contentType: ContentType) {
        let framed = "application/grpc, application/grpc+proto, application/grpc+assay"
        var headers: Metadata = [
            "accept-post": contentType == .json ? framed : framed + ", application/json"
        ]
        if contentType == .otherGRPC {
            headers.append("grpc-status", "12")
            headers.append("grpc-message", "unknown content type")
        }
        self.init(status: 415, headers: headers)
    }

    /// HTTP 405: neither POST nor a GET of a method that changes nothing.
    public static let methodNotAllowed = RawReply(status: 405, headers: ["allow": "POST"])
}

extension RPCError {
    /// The trailers that end a call on the gRPC face with this error.
    public var trailers: Metadata {
        var trailers = Metadata()
        trailers.append("grpc-status", String(code.rawValue))
        if !message.isEmpty {
            trailers.append(name: "grpc-message".utf8, value: StatusMessage.encode(message))
        }
        let details = wireDetails
        if !details.isEmpty {
            trailers.append(
                "grpc-status-details-bin",
                bytes: StatusDetails.encode(code: code, message: message, details: details))
        }
        if let retryAfter {
            let milliseconds = retryAfter.saturatedNanoseconds / 1_000_000
            trailers.append("grpc-retry-pushback-ms", String(max(0, milliseconds)))
        }
        return trailers
    }

    /// The error that trailers describe; nil for status OK, or if there is no status at all.
    public init?(trailers: Metadata) {
        guard let field = trailers.firstField("grpc-status") else { return nil }
        let code = StatusCode(header: trailers.arena[field.value]) ?? .unknown
        if code == .ok { return nil }
        self.init(code: code, message: "")
        if let text = trailers.firstField("grpc-message") {
            message = StatusMessage.decode(trailers.arena[text.value])
        }
        if let bytes = trailers.bytes("grpc-status-details-bin") {
            details = StatusDetails.decode(bytes)
        }
        takeStandardDetails()
    }

    /// Moves `ErrorInfo` and `RetryInfo` to the properties made for them.
    mutating func takeStandardDetails() {
        details.removeAll { detail in
            switch detail {
            case .errorInfo(let reason, "assay", let metadata)
            where metadata.isEmpty && self.reason == nil:
                self.reason = reason
                return true
            case .retryInfo(let delay) where retryAfter == nil:
                retryAfter = delay
                return true
            default: return false
            }
        }
    }
}
