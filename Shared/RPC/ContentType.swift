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
        let end = value.firstIndex(of: UInt8(ascii: ";")) ?? value.count
        var type = value[..<end]
        while let last = type.last, last == 0x20 || last == 0x09 { type = type.dropLast() }
        func equals(_ name: StaticString) -> Bool {
            type.count == name.utf8CodeUnitCount && begins(name)
        }
        func begins(_ name: StaticString) -> Bool {
            guard type.count >= name.utf8CodeUnitCount else { return false }
            for offset in 0..<name.utf8CodeUnitCount {
                var byte = type[type.startIndex + offset]
                if byte >= 0x41 && byte <= 0x5A { byte |= 0x20 }
                if byte != name.utf8Start[offset] { return false }
            }
            return true
        }
        if equals("application/grpc+assay") {
            self = .grpcAssay
        } else if equals("application/grpc") {
            self = .grpc
        } else if equals("application/grpc+proto") {
            self = .grpcProto
        } else if equals("application/json") {
            self = .json
        } else {
            self = begins("application/grpc") ? .otherGRPC : .other
        }
    }

    public init(_ value: String) {
        let bytes = Array(value.utf8)
        self = bytes.withUnsafeBytes { ContentType($0) }
    }
}
