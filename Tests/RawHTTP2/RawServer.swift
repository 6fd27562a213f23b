/// A server's side of one HTTP/2 connection that does what a test says: the other side of a client
/// under test.
public final class RawServer: Sendable {
    public let connection: RawConnection

    /// Takes the next connection and greets it.
    public init(
        _ listener: RawListener, settings: Frame = .settings(), greets: Bool = true
    ) async throws {
        connection = try await listener.accept()
        guard greets else { return }
        await send(settings)
        _ = try await until { $0.kind == .settings && !$0.has(.acknowledgement) }
        await send(.settingsAcknowledgement)
        _ = try await until { $0.kind == .settings && $0.has(.acknowledgement) }
    }

    public func close() async { await connection.close() }

    public func send(_ frames: Frame...) async {
        try? await connection.send(bytes: frames.flatMap(\.bytes))
    }

    public func until(_ isIt: (Frame) -> Bool) async throws -> Frame {
        var seen: [Frame] = []
        while let frame = try await connection.next() {
            if isIt(frame) { return frame }
            seen.append(frame)
        }
        throw RawConnection.Disappointment("the connection was closed after \(seen)")
    }

    public func connectionError() async throws -> ErrorCode {
        let goAway = try await until { $0.kind == .goAway && $0.number(at: 4) != 0 }
        while try await connection.next() != nil {}
        return ErrorCode(rawValue: goAway.number(at: 4))
    }

    public func streamError(_ stream: UInt32) async throws -> ErrorCode {
        let frame = try await until {
            $0.kind == .reset && $0.stream == stream || $0.kind == .goAway
        }
        guard frame.kind == .reset else {
            throw RawConnection.Disappointment("not a stream error but \(frame)")
        }
        return ErrorCode(rawValue: frame.number(at: 0))
    }

    /// The headers of the next request, and its stream.
    public func requestHead() async throws -> (stream: UInt32, fields: [Field], ends: Bool) {
        let first = try await until { $0.kind == .headers }
        var last = first
        while !last.has(.endHeaders) { last = try await until { $0.kind == .continuation } }
        return (first.stream, last.fields, first.has(.endStream))
    }

    /// The next request, to its end.
    public func request() async throws -> (stream: UInt32, message: RawMessage) {
        let head = try await requestHead()
        var message = RawMessage()
        message.headers = head.fields
        var isOver = head.ends
        while !isOver {
            let frame = try await until { $0.stream == head.stream }
            guard frame.kind == .data else {
                throw RawConnection.Disappointment("not a body but \(frame)")
            }
            message.body += frame.payload
            isOver = frame.has(.endStream)
        }
        return (head.stream, message)
    }

    /// The headers of an honest reply on the gRPC face.
    public static let headers = HPACK.block([
        Field(":status", "200"), Field("content-type", "application/grpc+assay"),
    ])

    /// A whole reply with one empty message.
    public func answer(_ stream: UInt32, message: [UInt8] = [0, 0, 0, 0, 0]) async {
        await send(
            .headers(stream, Self.headers), .data(stream, message),
            .headers(stream, HPACK.block([Field("grpc-status", "0")]), ends: true))
    }

    public func ping() async throws {
        let payload = Array("survivor".utf8)
        await send(.ping(payload))
        _ = try await until {
            $0.kind == .ping && $0.has(.acknowledgement) && $0.payload == payload
        }
    }
}
