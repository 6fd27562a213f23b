internal import Synchronization
public import TLS

/// A response, or a request, as it came: its blocks of fields and its body.
public struct RawMessage: Sendable {
    public var headers: [Field] = []
    public var body: [UInt8] = []
    /// The fields behind the body; nil if the body, or the headers, ended the stream.
    public var trailers: [Field]?
    /// Blocks with a status of 1xx that came first.
    public var informational: [[Field]] = []
    /// The sizes of the DATA frames.
    public var pieces: [Int] = []

    public init() {}

    mutating func take(block: [Field]) {
        if !headers.isEmpty {
            trailers = block
        } else if block.first?.value.hasPrefix("1") == true {
            informational.append(block)
        } else {
            headers = block
        }
    }

    public func value(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    public var status: String? { value(":status") }
    /// Of the block that ends the stream.
    public var ending: [Field] { trailers ?? headers }
    public func ending(_ name: String) -> String? { ending.first { $0.name == name }?.value }
    /// The status on the gRPC face.
    public var code: Int? { ending("grpc-status").flatMap { Int($0) } }
}

/// A client of HTTP/2 that does what a test says: the other side of a server under test.
public final class RawClient: Sendable {
    public let connection: RawConnection
    public let isTLS: Bool
    /// Frames that were read past while something else was waited for.
    private let kept = Mutex<[Frame]>([])

    public init(port: Int, tls: TLSContext? = nil) async throws {
        isTLS = tls != nil
        connection = try await RawConnection.connect(port: port, tls: tls)
    }

    public func close() async { await connection.close() }

    // MARK: Sending

    public func send(_ frames: Frame...) async {
        try? await connection.send(bytes: frames.flatMap(\.bytes))
    }

    public func send(_ frames: [Frame]) async {
        try? await connection.send(bytes: frames.flatMap(\.bytes))
    }

    /// Preface and SETTINGS, and what the server sends for that.
    @discardableResult
    public func handshake(_ settings: Frame = .settings()) async throws -> Frame {
        try await connection.send(bytes: RawConnection.preface + settings.bytes)
        let theirs = try await until { $0.kind == .settings && !$0.has(.acknowledgement) }
        await send(.settingsAcknowledgement)
        _ = try await until { $0.kind == .settings && $0.has(.acknowledgement) }
        return theirs
    }

    /// The pseudo-header fields of an honest request.
    public func request(_ method: String = "POST", _ path: String) -> [Field] {
        [
            Field(":method", method), Field(":scheme", isTLS ? "https" : "http"),
            Field(":path", path), Field(":authority", "test"),
        ]
    }

    // MARK: Receiving

    public func next() async throws -> Frame? {
        if let frame = kept.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return frame }
        return try await connection.next()
    }

    /// The next frame for which `isIt` holds; those before it are dropped.
    public func until(_ isIt: (Frame) -> Bool) async throws -> Frame {
        var seen: [Frame] = []
        while let frame = try await next() {
            if isIt(frame) { return frame }
            seen.append(frame)
        }
        throw RawConnection.Disappointment("the connection was closed after \(seen)")
    }

    /// The code of the GOAWAY that a connection error ends with; the connection is closed then.
    public func connectionError() async throws -> ErrorCode {
        let goAway = try await until { $0.kind == .goAway && $0.number(at: 4) != 0 }
        while try await connection.next() != nil {}
        return ErrorCode(rawValue: goAway.number(at: 4))
    }

    /// The code of the RST_STREAM of a stream; a GOAWAY is a disappointment.
    public func streamError(_ stream: UInt32) async throws -> ErrorCode {
        let frame = try await until {
            $0.kind == .reset && $0.stream == stream || $0.kind == .goAway
        }
        guard frame.kind == .reset else {
            throw RawConnection.Disappointment("not a stream error but \(frame)")
        }
        return ErrorCode(rawValue: frame.number(at: 0))
    }

    /// The whole response on a stream.
    public func response(_ stream: UInt32) async throws -> RawMessage {
        var message = RawMessage()
        var isLast = false
        while true {
            let frame = try await until {
                $0.stream == stream || $0.kind == .goAway && $0.number(at: 4) != 0
            }
            switch frame.kind {
            case .headers, .continuation:
                if frame.kind == .headers { isLast = frame.has(.endStream) }
                if frame.has(.endHeaders) { message.take(block: frame.fields) }
                if isLast, frame.has(.endHeaders) { return message }
            case .data:
                message.body += frame.payload
                message.pieces.append(frame.payload.count)
                if frame.has(.endStream) { return message }
            case .windowUpdate: continue
            default: throw RawConnection.Disappointment("not a response but \(frame)")
            }
        }
    }

    /// Sends a PING and waits for its answer; what came in between is kept for later.
    public func ping() async throws {
        let payload = Array("survivor".utf8)
        await send(.ping(payload))
        var before: [Frame] = []
        while let frame = try await next() {
            if frame.kind == .ping, frame.has(.acknowledgement), frame.payload == payload {
                kept.withLock { $0 = before + $0 }
                return
            }
            before.append(frame)
        }
        throw RawConnection.Disappointment("the connection was closed after \(before)")
    }
}
