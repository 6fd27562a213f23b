internal import Crypto
internal import RPC

/// What a request id was answered with: time, digest of the request, response.
struct RememberedAnswer: Sendable {
    let requestID: String
    let milliseconds: Int64
    let digest: [UInt8]
    let response: [UInt8]

    init(requestID: String, milliseconds: Int64, request: [UInt8], response: [UInt8]) {
        self.requestID = requestID
        self.milliseconds = milliseconds
        digest = Array(SHA256.hash(data: request))
        self.response = response
    }

    /// What a row begins with that has a checksum; those of earlier releases begin with their time, and
    /// so with 0.
    private static let layout: UInt8 = 1
    private static let checksumBytes = 8

    /// Nil for bytes that are not what was written.
    init?(requestID: String, _ row: [UInt8]) {
        var bytes = row[...]
        if bytes.first == Self.layout {
            bytes = bytes.dropFirst(1 + Self.checksumBytes)
            guard Self.checksum(bytes) == Array(row.dropFirst().prefix(Self.checksumBytes)) else {
                return nil
            }
        }
        guard bytes.count >= 40 else { return nil }
        self.requestID = requestID
        milliseconds = Int64(bitPattern: BigEndian.number(bytes.prefix(8)))
        digest = Array(bytes.dropFirst(8).prefix(32))
        response = Array(bytes.dropFirst(40))
    }

    var bytes: [UInt8] {
        let content =
            BigEndian.bytes(UInt64(bitPattern: milliseconds)) + digest + response
        return [Self.layout] + Self.checksum(content[...]) + content
    }

    private static func checksum(_ content: ArraySlice<UInt8>) -> [UInt8] {
        Array(SHA256.hash(data: content).prefix(checksumBytes))
    }

    /// The response in a stored row; nil if it is too old.
    ///
    /// - Throws: ALREADY_EXISTS if the id was used for something else.
    static func response(
        _ bytes: [UInt8], _ requestID: String, of request: [UInt8], after milliseconds: Int64
    ) throws(RPCError) -> [UInt8]? {
        guard let remembered = RememberedAnswer(requestID: requestID, bytes),
            remembered.milliseconds > milliseconds
        else { return nil }
        guard remembered.digest == Array(SHA256.hash(data: request)) else {
            throw RPCError(
                .alreadyExists, "request_id \"\(requestID)\" was used for another request",
                reason: "request_id_reused")
        }
        return remembered.response
    }
}
