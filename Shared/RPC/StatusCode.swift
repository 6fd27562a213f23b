/// The result of a call: the 17 codes of gRPC.
public enum StatusCode: UInt8, Sendable, Hashable, CaseIterable {
    case ok = 0
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case dataLoss = 15
    case unauthenticated = 16
}

extension StatusCode {
    /// The code's spelling on the JSON face ("invalid_argument").
    public var jsonName: String {
        switch self {
        case .ok: "ok"
        case .cancelled: "canceled"
        case .unknown: "unknown"
        case .invalidArgument: "invalid_argument"
        case .deadlineExceeded: "deadline_exceeded"
        case .notFound: "not_found"
        case .alreadyExists: "already_exists"
        case .permissionDenied: "permission_denied"
        case .resourceExhausted: "resource_exhausted"
        case .failedPrecondition: "failed_precondition"
        case .aborted: "aborted"
        case .outOfRange: "out_of_range"
        case .unimplemented: "unimplemented"
        case .internal: "internal"
        case .unavailable: "unavailable"
        case .dataLoss: "data_loss"
        case .unauthenticated: "unauthenticated"
        }
    }

    /// The HTTP status that carries the code on the JSON face.
    public var httpStatus: Int {
        switch self {
        case .ok: 200
        case .cancelled: 499
        case .unknown, .internal, .dataLoss: 500
        case .invalidArgument, .failedPrecondition, .outOfRange: 400
        case .deadlineExceeded: 504
        case .notFound: 404
        case .alreadyExists, .aborted: 409
        case .permissionDenied: 403
        case .resourceExhausted: 429
        case .unimplemented: 501
        case .unavailable: 503
        case .unauthenticated: 401
        }
    }

    /// The code with this spelling on the JSON face; nil if there is none.
    public init?(jsonName: some StringProtocol) {
        guard let code = Self.allCases.first(where: { $0.jsonName == jsonName }) else { return nil }
        self = code
    }

    /// What a client makes of an HTTP status when the peer sent no `grpc-status`
    /// (grpc/doc/http-grpc-status-mapping.md).
    public init(missingStatusWithHTTP status: Int) {
        switch status {
        case 400, 431: self = .internal
        case 401: self = .unauthenticated
        case 403: self = .permissionDenied
        case 404: self = .unimplemented
        case 429, 502, 503, 504: self = .unavailable
        default: self = .unknown
        }
    }

    /// Reads the value of `grpc-status`: decimal, no leading zero. An unknown number is `unknown`;
    /// nil means that the text is not a number at all.
    public init?(header bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, bytes.count <= 10 else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + UInt64(byte - 0x30)
        }
        self = UInt8(exactly: value).flatMap(StatusCode.init(rawValue:)) ?? .unknown
    }
}

extension StatusCode: CustomStringConvertible {
    /// The gRPC spelling ("INVALID_ARGUMENT").
    public var description: String {
        self == .cancelled ? "CANCELLED" : jsonName.uppercased()
    }
}
