internal import Wire

/// Embeds the descriptors of all `.proto` files, so that reflection needs no files.
struct SwiftDescriptorEmitter {
    let files: [ProtoFile]

    func output() -> OutputFile {
        var writer = CodeWriter()
        writer.line("\(OutputFile.marker) from all schemas. Do not edit: change the schemas.")
        writer.line()
        writer.line("public import RPC")
        writer.line()
        writer.line("/// What protobuf says about every file, for server reflection.")
        writer.block("public enum Descriptors") { writer in
            writer.line("/// Each after those that it imports.")
            writer.line("public static let files: [FileDescriptor] = [")
            writer.indented { writer in
                for file in files { emit(file, to: &writer) }
            }
            writer.line("]")
        }
        return OutputFile(path: "Descriptors.generated.swift", text: writer.text)
    }

    /// Base64 costs the compiler 0.3 s for 30 KB and the program 40 KB; an array literal of the
    /// same bytes costs 8 s and 210 KB.
    private func emit(_ file: ProtoFile, to writer: inout CodeWriter) {
        let text = Base64.encode(DescriptorEmitter.descriptor(of: file), padded: true)
        writer.line("// \(file.path)")
        writer.line("FileDescriptor(")
        writer.indented { writer in
            writer.line("base64: \"\"\"")
            writer.indented { writer in
                for start in stride(from: 0, to: text.count, by: Self.lineLength) {
                    let line = text[start..<min(start + Self.lineLength, text.count)]
                    let isLast = line.endIndex == text.count
                    writer.line(String(decoding: line, as: UTF8.self) + (isLast ? "" : "\\"))
                }
                writer.line("\"\"\"),")
            }
        }
    }

    private static let lineLength = 80
}
