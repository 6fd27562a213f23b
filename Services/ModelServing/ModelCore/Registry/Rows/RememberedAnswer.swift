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

    init?(requestID: String, _ bytes: [UInt8]) {
        guard bytes.count >= 40 else { return nil }
        self.requestID = requestID
        milliseconds = Int64(bitPattern: BigEndian.number(bytes[0..<8]))
        digest = Array(bytes[8..<40])
        response = Array(bytes[40...])
    }

    var bytes: [UInt8] {
        BigEndian.bytes(UInt64(bitPattern: milliseconds)) + digest + response
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
