/// Writes an enum: open, with a case for numbers that the schema does not know.
struct SwiftEnumEmitter {
    let enumeration: Enumeration
    let isForeign: Bool

    func emit(to writer: inout CodeWriter) {
        let name = enumeration.name.split(separator: ".").last.map(String.init) ?? enumeration.name
        writer.documentation(enumeration.doc)
        writer.block("public enum \(name): WireEnum") { writer in
            for value in enumeration.values {
                writer.documentation(value.doc)
                if let reason = value.deprecated { writer.line("/// Deprecated: \(reason).") }
                writer.line("case \(SwiftName.member(value.name))")
            }
            writer.line("case unrecognized(UnrecognizedNumber)")
            writer.line()
            emitNumbers(to: &writer)
            writer.line()
            let names = enumeration.values.map { value in
                let shown = isForeign ? Spelling.upperSnakeCase(value.name) : value.name
                return "(\(value.number), \(Quoted.swift(shown)))"
            }
            writer.line("public static let names = EnumNames(")
            writer.indented { writer in
                writer.line("\(Quoted.swift(enumeration.fullName)),")
                writer.collection("[", names, "])")
            }
        }
    }

    private func emitNumbers(to writer: inout CodeWriter) {
        writer.block("public init?(number: Int32)") { writer in
            writer.line("switch number {")
            for value in enumeration.values {
                writer.line("case \(value.number): self = .\(SwiftName.member(value.name))")
            }
            writer.line("default: return nil")
            writer.line("}")
        }
        writer.line()
        writer.block("public var number: Int32") { writer in
            writer.line("switch self {")
            for value in enumeration.values {
                writer.line("case .\(SwiftName.member(value.name)): \(value.number)")
            }
            writer.line("case .unrecognized(let value): value.number")
            writer.line("}")
        }
    }
}
