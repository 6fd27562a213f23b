/// Writes a `DescriptorProto`.
struct MessageDescriptor {
    private let message: ProtoMessage
    private let name: String
    /// Indices in `oneof_decl` by field number: real oneofs first, then the one that protobuf makes
    /// for every proto3 optional.
    private var oneofs: [Int: Int] = [:]
    private var oneofNames: [String] = []

    /// - Parameter name: the full name.
    init(_ message: ProtoMessage, name: String) {
        self.message = message
        self.name = name
        for case .oneof(let oneof) in message.members {
            for field in oneof.fields { oneofs[field.number] = oneofNames.count }
            oneofNames.append(oneof.name)
        }
        for field in message.fields where field.label == .optional {
            oneofs[field.number] = oneofNames.count
            // No name of a schema begins with an underscore, so this one is free.
            oneofNames.append("_" + field.name)
        }
    }

    func emit(to writer: inout DescriptorWriter) {
        writer.text(1, message.name)
        for field in message.fields { writer.message(2) { emit(field, to: &$0) } }
        for case .message(let child) in message.types {
            writer.message(3) {
                MessageDescriptor(child, name: "\(name).\(child.name)").emit(to: &$0)
            }
        }
        for field in message.fields {
            guard case .map(let key) = field.label, let entry = field.entryName else { continue }
            writer.message(3) { emitEntry(entry, key: key, value: field.value, to: &$0) }
        }
        for case .enumeration(let child) in message.types {
            writer.message(4) { EnumDescriptor(child).emit(to: &$0) }
        }
        for name in oneofNames { writer.message(8) { $0.text(1, name) } }
        for case .numbers(let range) in message.reserved {
            writer.message(9) { writer in
                writer.number(1, range.lowerBound)
                writer.number(2, range.upperBound + 1)
            }
        }
        for case .name(let name) in message.reserved { writer.text(10, name) }
    }

    // MARK: Fields

    private enum Label: Int {
        case optional = 1
        case repeated = 3
    }

    private func emit(_ field: ProtoField, to writer: inout DescriptorWriter) {
        let isSingle = field.label == .singular || field.label == .optional
        let value = field.entryName.map { ProtoField.Value.message("\(name).\($0)") }
        emit(
            field.name, field.number, isSingle ? .optional : .repeated, value ?? field.value,
            to: &writer)
        if field.isDeprecated { writer.message(8) { $0.flag(3) } }
        if let oneof = oneofs[field.number] { writer.number(9, oneof) }
        writer.text(10, field.jsonName)
        if field.label == .optional { writer.flag(17) }
    }

    private func emit(
        _ name: String, _ number: Int, _ label: Label, _ value: ProtoField.Value,
        to writer: inout DescriptorWriter
    ) {
        writer.text(1, name)
        writer.number(3, number)
        writer.number(4, label.rawValue)
        switch value {
        case .scalar(let scalar):
            writer.number(5, scalar.rawValue)
        case .message(let name):
            writer.number(5, 11)
            writer.text(6, "." + name)
        case .enumeration(let name):
            writer.number(5, 14)
            writer.text(6, "." + name)
        }
    }

    private func emitEntry(
        _ name: String, key: ProtoScalar, value: ProtoField.Value,
        to writer: inout DescriptorWriter
    ) {
        writer.text(1, name)
        for (field, number, value) in [("key", 1, .scalar(key)), ("value", 2, value)] {
            writer.message(2) { writer in
                emit(field, number, .optional, value, to: &writer)
                writer.text(10, field)
            }
        }
        writer.message(7) { $0.flag(7) }  // map_entry
    }
}
