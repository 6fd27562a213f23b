import Foundation
import Testing

@Suite("The walls of the house")
struct ImportTests {
    @Test("every target imports only targets of the layers below it")
    func importDirection() throws {
        for file in try SourceTree.files() where !Layers.executables.contains(file.target) {
            let allowed = try #require(Layers.allowed[file.target], "\(file.path): unknown target")
            let ours = Set(Layers.allowed.keys).union(Layers.executables)
            for module in file.imports where ours.contains(module) {
                #expect(
                    allowed.contains(module),
                    "\(file.path) imports \(module), which \(file.target) must not know")
            }
        }
    }

    @Test("a C library is imported by its owner alone")
    func ownersOfCLibraries() throws {
        for file in try SourceTree.files() {
            for module in file.imports {
                guard let owner = Layers.owners[module] else { continue }
                #expect(
                    owner == file.target,
                    "\(file.path) imports \(module); only \(owner) may")
            }
        }
    }

    @Test("pure engines import nothing that brings a socket, a clock or a file")
    func pureEngines() throws {
        for file in try SourceTree.files() where Layers.pure.contains(file.target) {
            for module in file.imports {
                #expect(
                    !Layers.impure.contains(module),
                    "\(file.path) imports \(module), but \(file.target) is pure")
            }
        }
    }

    @Test("what decodes bytes from outside holds unsafe pointers in a few files only")
    func unsafePointers() throws {
        for file in try SourceTree.files() where Layers.unsafePointers.keys.contains(file.target) {
            let text = try String(
                contentsOf: SourceTree.root.appending(path: file.path), encoding: .utf8)
            let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
            if Layers.unsafePointers[file.target]?.contains(name) == true { continue }
            // A buffer may be passed on; only these files look into one.
            let pointers = [
                "UnsafePointer", "UnsafeMutable", "UnsafeRawPointer", "withMemoryRebound",
            ]
            for pointer in pointers {
                #expect(!text.contains(pointer), "\(file.path) uses \(pointer)")
            }
        }
    }

    @Test("every source file belongs to a target of the table")
    func everyFileHasATarget() throws {
        let orphans = try SourceTree.orphans()
        #expect(orphans.isEmpty, "no target of the table holds \(orphans)")
        #expect(try SourceTree.files().count > 50)
    }
}

/// The Swift files below Proto, Shared and Services.
enum SourceTree {
    struct File {
        let path: String
        let target: String
        let imports: [String]
    }

    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func paths() throws -> [String] {
        try ["Proto", "Shared", "Services"].flatMap { top in
            try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: top).path)
                .filter { $0.hasSuffix(".swift") }
                .map { "\(top)/\($0)" }
        }
        .sorted()
    }

    static func target(of path: String) -> String? {
        Layers.folders.first { path.hasPrefix($0.folder + "/") }?.target
    }

    static func orphans() throws -> [String] {
        try paths().filter { target(of: $0) == nil }
    }

    static func files() throws -> [File] {
        try paths().compactMap { path in
            guard let target = target(of: path) else { return nil }
            let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            return File(path: path, target: target, imports: imports(in: text))
        }
    }

    /// The modules of the import lines, with or without an access level or a kind.
    static func imports(in text: String) -> [String] {
        let kinds: Set<Substring> = [
            "struct", "class", "enum", "protocol", "func", "typealias", "var", "let",
        ]
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index <= 2 else { return nil }
            guard words[..<index].allSatisfy({ isModifier($0) }) else { return nil }
            let rest = words[(index + 1)...].drop { kinds.contains($0) }
            return rest.first.flatMap { $0.split(separator: ".").first }.map(String.init)
        }
    }

    private static func isModifier(_ word: Substring) -> Bool {
        ["public", "package", "internal", "private", "fileprivate"].contains(word)
            || word.hasPrefix("@")
    }
}
