/// Writes a `.proto` file as `google.protobuf.FileDescriptorProto`, byte for byte what
/// `protoc --descriptor_set_out` makes of its text. Numbers are those of `descriptor.proto`.
struct DescriptorEmitter {
    let file: ProtoFile

    static func descriptor(of file: ProtoFile) -> [UInt8] {
        var writer = DescriptorWriter()
        DescriptorEmitter(file: file).emit(to: &writer)
        return writer.bytes
    }

    /// A `FileDescriptorSet`.
    static func set(of files: [ProtoFile]) -> [UInt8] {
        var writer = DescriptorWriter()
        for file in files { writer.record(1, descriptor(of: file)) }
        return writer.bytes
    }

    private func emit(to writer: inout DescriptorWriter) {
        writer.text(1, file.path)
        writer.text(2, file.package)
        for path in file.imports { writer.text(3, path) }
        emit(file.types, in: file.package, messages: 4, enums: 5, to: &writer)
        for service in file.services { writer.message(6) { emit(service, to: &$0) } }
        if !file.options.isEmpty { writer.message(8) { emit(file.options, to: &$0) } }
        writer.text(12, "proto3")
    }

    private func emit(_ options: [ProtoFileOption], to writer: inout DescriptorWriter) {
        for option in options {
            switch option {
            case .text(let number, let value): writer.text(number, value)
            case .flag(let number): writer.flag(number)
            }
        }
    }

    // MARK: Types

    private func emit(
        _ types: [ProtoType], in scope: String, messages: Int, enums: Int,
        to writer: inout DescriptorWriter
    ) {
        for case .message(let message) in types {
            let name = "\(scope).\(message.name)"
            writer.message(messages) { MessageDescriptor(message, name: name).emit(to: &$0) }
        }
        for case .enumeration(let enumeration) in types {
            writer.message(enums) { EnumDescriptor(enumeration).emit(to: &$0) }
        }
    }

    // MARK: Services

    private func emit(_ service: ProtoService, to writer: inout DescriptorWriter) {
        writer.text(1, service.name)
        for method in service.methods {
            writer.message(2) { writer in
                writer.text(1, method.name)
                writer.text(2, "." + method.request)
                writer.text(3, "." + method.response)
                if method.idempotency != .unknown {
                    writer.message(4) { $0.number(34, method.idempotency.rawValue) }
                }
                if method.streamsRequest { writer.flag(5) }
                if method.streamsResponse { writer.flag(6) }
            }
        }
    }
}

/// Writes an `EnumDescriptorProto`.
struct EnumDescriptor {
    private let enumeration: ProtoEnum

    init(_ enumeration: ProtoEnum) { self.enumeration = enumeration }

    func emit(to writer: inout DescriptorWriter) {
        writer.text(1, enumeration.name)
        for value in enumeration.values {
            writer.message(2) { writer in
                writer.text(1, value.name)
                writer.number(2, value.number)
                if value.deprecated != nil { writer.message(3) { $0.flag(1) } }
            }
        }
        for case .numbers(let range) in enumeration.reserved {
            writer.message(4) { writer in
                writer.number(1, range.lowerBound)
                writer.number(2, range.upperBound)
            }
        }
        for case .name(let name) in enumeration.reserved { writer.text(5, name) }
    }
}
