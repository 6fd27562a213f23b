internal import Glibc

/// What the content type of a request decides: the encoding and the face; nothing falls back.
public enum ContentType: Sendable, Hashable {
    /// `application/grpc`: tolerant, protobuf-compatible.
    case grpc
    /// `application/grpc+proto`: the same.
    case grpcProto
    /// `application/grpc+assay`: strict AW/1.
    case grpcAssay
    /// `application/json`: Connect unary.
    case json
    /// Another `application/grpc…`: refused with `grpc-status: 12` too.
    case otherGRPC
    case other

    /// Whether messages stand behind the five-byte prefix.
    public var isGRPC: Bool { self == .grpc || self == .grpcProto || self == .grpcAssay }

    /// The value of the `content-type` field.
    public var name: StaticString {
        switch self {
        case .grpc, .otherGRPC: "application/grpc"
        case .grpcProto: "application/grpc+proto"
        case .grpcAssay: "application/grpc+assay"
        case .json, .other: "application/json"
        }
    }

    /// Reads a field value; parameters behind `;` are allowed, letters match in any case.
    public init(_ value: UnsafeRawBufferPointer) {
        // The four spellings that come in practice, byte for byte.
        func equals(_ name: StaticString) -> Bool {
            guard let base = value.baseAddress else { return false }
            return value.count == name.utf8CodeUnitCount
                && memcmp(base, name.utf8Start, value.count) == 0
        }
        switch value.count {
        case 16 where equals("application/grpc"): self = .grpc
        case 22 where equals("application/grpc+assay"): self = .grpcAssay
        case 22 where equals("application/grpc+proto"): self = .grpcProto
        case 16 where equals("application/json"): self = .json
        default: self.init(spelledFreely: value)
        }
    }

    private init(spelledFreely value: UnsafeRawBufferPointer) {
        let type = String(decoding: value.prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self)
            .lowercased().split(whereSeparator: { $0 == " " || $0 == "\t" })
        switch type.count == 1 ? type[0] : "" {
        case "application/grpc": self = .grpc
        case "application/grpc+proto": self = .grpcProto
        case "application/grpc+assay": self = .grpcAssay
        case "application/json": self = .json
        case let other: self = other.hasPrefix("application/grpc") ? .otherGRPC : .other
        }
    }

    public init(_ value: String) {
        let bytes = Array(value.utf8)
        self = bytes.withUnsafeBytes { ContentType($0) }
    }
}
