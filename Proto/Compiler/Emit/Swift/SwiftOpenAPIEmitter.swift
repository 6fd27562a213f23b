/// Embeds what an OpenAPI document is put together of, so that a gateway can describe the methods that
/// it routes.
struct SwiftOpenAPIEmitter {
    let parts: OpenAPIParts

    func output() -> OutputFile {
        var writer = CodeWriter()
        writer.line("\(OutputFile.marker) from all schemas. Do not edit: change the schemas.")
        writer.line()
        writer.line("public import RPC")
        writer.line()
        writer.line("/// What OpenAPI says about the unary methods of all services.")
        writer.block("public enum APIDescription") { writer in
            writer.line("/// The members of `components` but schemas and security.")
            writer.line("public static let components: StaticString =")
            writer.indented { Self.emit(OpenAPICommon.components.inner, "", to: &$0) }
            writer.line()
            writer.line("/// What every error looks like: the schema `\(OpenAPICommon.errorName)`.")
            writer.line("public static let error: StaticString =")
            writer.indented { Self.emit(OpenAPICommon.error.text, "", to: &$0) }
            writer.line()
            writer.line("/// In the order of the schemas.")
            writer.line("public static let operations: [APIOperation] = [")
            writer.indented { writer in
                for operation in parts.operations {
                    emit(operation, isOnly: parts.operations.count == 1, to: &writer)
                }
            }
            writer.line("]")
            writer.line()
            writer.line("/// The types that they name.")
            writer.line("public static let schemas: [APISchema] = [")
            writer.indented { writer in
                for component in parts.components {
                    emit(component, isOnly: parts.components.count == 1, to: &writer)
                }
            }
            writer.line("]")
        }
        return OutputFile(path: "APIDescription.generated.swift", text: writer.text)
    }

    /// - Parameter isOnly: The formatter wants no comma behind the only element of a list.
    private func emit(
        _ operation: OpenAPIParts.Operation, isOnly: Bool, to writer: inout CodeWriter
    ) {
        let end = isOnly ? ")" : "),"
        writer.line("APIOperation(")
        writer.indented { writer in
            writer.line("path: \(Quoted.swift(operation.path)),")
            writer.line("schemas: [\(Self.list(operation.references))],")
            writer.line("post:")
            writer.indented { Self.emit(operation.post.inner, ",", to: &$0) }
            guard let get = operation.get else { return writer.line("get: nil" + end) }
            writer.line("get:")
            writer.indented { Self.emit(get.inner, end, to: &$0) }
        }
    }

    private func emit(
        _ component: OpenAPIParts.Component, isOnly: Bool, to writer: inout CodeWriter
    ) {
        let end = isOnly ? ")" : "),"
        writer.line("APISchema(")
        writer.indented { writer in
            writer.line("name: \(Quoted.swift(component.name)),")
            writer.collection("schemas: [", component.references.map(String.init), "],")
            writer.line("json:")
            writer.indented { Self.emit(component.json.text, end, to: &$0) }
        }
    }

    private static func list(_ numbers: [Int]) -> String {
        numbers.map(String.init).joined(separator: ", ")
    }

    /// A literal of several lines that stands for one.
    private static func emit(_ text: String, _ end: String, to writer: inout CodeWriter) {
        let pounds = Quoted.pounds(around: text)
        writer.line("\(pounds)\"\"\"")
        var line = ""
        for scalar in text.unicodeScalars {
            line.unicodeScalars.append(scalar)
            if line.utf8.count >= lineLength {
                writer.line(line + "\\" + pounds)
                line = ""
            }
        }
        // The last line has no continuation.
        writer.line(line)
        writer.line("\"\"\"\(pounds)\(end)")
    }

    private static let lineLength = 72
}
