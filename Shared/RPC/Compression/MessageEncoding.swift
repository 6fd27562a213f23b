internal import Glibc

/// How messages are packed on the gRPC face: the values of `grpc-encoding` that this library knows.
///
/// A stream that names one may still hold messages that are not packed: each has a flag in its prefix.
public enum MessageEncoding: Sendable, Hashable {
    case identity
    /// RFC 1952, one member per message.
    case gzip

    /// What `grpc-accept-encoding` says of us. A client sends it with every request; a server only when
    /// it refuses an encoding, where gRPC asks for it: on every reply it would be one field more to
    /// encode for the hint that a later request may be packed, which our clients have from their
    /// configuration and those of gRPC do not look at.
    public static let accepted: StaticString = "identity,gzip"

    /// The value of `grpc-encoding`.
    public var name: StaticString {
        switch self {
        case .identity: "identity"
        case .gzip: "gzip"
        }
    }

    /// Nil for an encoding that we do not know.
    package init?(_ name: UnsafeRawBufferPointer) {
        if Self.equals(name, "identity") {
            self = .identity
        } else if Self.equals(name, "gzip") {
            self = .gzip
        } else {
            return nil
        }
    }

    private static func equals(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        return bytes.count == name.utf8CodeUnitCount
            && memcmp(base, name.utf8Start, bytes.count) == 0
    }

    /// Whether a list of encodings, as in `grpc-accept-encoding`, has this one.
    package func isOffered(in list: UnsafeRawBufferPointer) -> Bool {
        list.split(separator: UInt8(ascii: ",")).contains { item in
            let blanks: [UInt8] = [0x20, 0x09]
            let name = item.drop { blanks.contains($0) }
            let end = name.lastIndex { !blanks.contains($0) }.map { $0 + 1 } ?? name.startIndex
            return Self.equals(UnsafeRawBufferPointer(rebasing: name[..<end]), self.name)
        }
    }
}

extension Metadata {
    /// What `grpc-encoding` says; nil if it names an encoding that we do not know.
    package var messageEncoding: MessageEncoding? {
        guard let field = firstField("grpc-encoding") else { return .identity }
        return arena[field.value].withUnsafeBytes { MessageEncoding($0) }
    }
}

extension RequestHead {
    /// How the caller packs its messages; nil if we do not know that encoding.
    public var messageEncoding: MessageEncoding? {
        if encodingField.isAbsent { return .identity }
        return withBytes(encodingField) { MessageEncoding($0) }
    }

    /// Whether the caller reads messages that are packed like this.
    public func accepts(_ encoding: MessageEncoding) -> Bool {
        if encoding == .identity { return true }
        if acceptEncodingField.isAbsent { return false }
        return withBytes(acceptEncodingField, encoding.isOffered(in:))
    }
}
