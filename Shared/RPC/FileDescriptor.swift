internal import Wire

/// A `.proto` file as protobuf describes it (`google.protobuf.FileDescriptorProto`): what server
/// reflection answers with.
public struct FileDescriptor: Sendable {
    /// `assay/risk/v1/risk.proto`.
    public let name: String
    public let package: String
    /// Names of the files that it imports.
    public let dependencies: [String]
    /// Full names of the services that it declares.
    public let services: [String]
    /// Full names of the message types that it declares.
    public let messages: [String]
    /// Full names of all that it declares: types, fields, oneofs, enum values, services, methods.
    public let symbols: [String]
    /// The serialized `FileDescriptorProto`.
    public let bytes: [UInt8]

    /// Nil unless the bytes are a descriptor with a name.
    public init?(_ bytes: [UInt8]) {
        var reader = DescriptorReader()
        guard reader.readFile(bytes), !reader.name.isEmpty else { return nil }
        name = reader.name
        package = reader.package
        dependencies = reader.dependencies
        services = reader.services
        messages = reader.messages
        symbols = reader.symbols
        self.bytes = bytes
    }

    /// What generated code embeds.
    public init(base64: StaticString) {
        let bytes = base64.withUTF8Buffer { Base64.decode($0) }
        guard let bytes, let file = FileDescriptor(bytes) else {
            preconditionFailure("generated code embeds a descriptor that is none")
        }
        self = file
    }
}

/// Collects names from a `FileDescriptorProto`; numbers are those of `descriptor.proto`.
private struct DescriptorReader {
    /// Messages nest no deeper; protobuf's own limit is 32.
    static let maximumDepth = 64

    var name = ""
    var package = ""
    var dependencies: [String] = []
    var services: [String] = []
    var messages: [String] = []
    var symbols: [String] = []

    /// False if the bytes are not well formed.
    mutating func readFile(_ bytes: [UInt8]) -> Bool {
        guard let fields = ProtobufFields.read(bytes[...]) else { return false }
        package = fields.first { $0.number == 2 }?.text ?? ""
        let scope = package.isEmpty ? "" : package + "."
        for field in fields {
            switch field.number {
            case 1: name = field.text
            case 3: dependencies.append(field.text)
            case 4:
                guard readMessage(field.bytes, in: scope, depth: 0) else { return false }
            case 5:
                guard readEnum(field.bytes, in: scope) else { return false }
            case 6:
                guard readService(field.bytes, in: scope) else { return false }
            default: break
            }
        }
        return true
    }

    private mutating func readMessage(
        _ bytes: ArraySlice<UInt8>, in scope: String, depth: Int
    ) -> Bool {
        guard depth < Self.maximumDepth, let (name, fields) = declaration(bytes, in: scope) else {
            return false
        }
        messages.append(name)
        for field in fields {
            switch field.number {
            case 2, 8:
                guard declaration(field.bytes, in: name + ".") != nil else { return false }
            case 3:
                guard readMessage(field.bytes, in: name + ".", depth: depth + 1) else {
                    return false
                }
            case 4:
                guard readEnum(field.bytes, in: name + ".") else { return false }
            default: break
            }
        }
        return true
    }

    /// An enum's values are names of the scope around it.
    private mutating func readEnum(_ bytes: ArraySlice<UInt8>, in scope: String) -> Bool {
        guard let (_, fields) = declaration(bytes, in: scope) else { return false }
        for value in fields where value.number == 2 {
            guard declaration(value.bytes, in: scope) != nil else { return false }
        }
        return true
    }

    private mutating func readService(_ bytes: ArraySlice<UInt8>, in scope: String) -> Bool {
        guard let (name, fields) = declaration(bytes, in: scope) else { return false }
        services.append(name)
        for method in fields where method.number == 2 {
            guard declaration(method.bytes, in: name + ".") != nil else { return false }
        }
        return true
    }

    /// Notes the name of a declaration, which is field 1 of each, and returns it in full.
    private mutating func declaration(
        _ bytes: ArraySlice<UInt8>, in scope: String
    ) -> (name: String, fields: [ProtobufFields.Field])? {
        guard let fields = ProtobufFields.read(bytes) else { return nil }
        let name = scope + (fields.first { $0.number == 1 }?.text ?? "")
        symbols.append(name)
        return (name, fields)
    }
}
