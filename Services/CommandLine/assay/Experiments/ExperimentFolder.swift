import Foundation
import ModelCore

/// Experiment files as a person names them: files, or folders of them.
enum ExperimentFolder {
    static func files(_ paths: [String]) throws -> [String] {
        try paths.flatMap { path -> [String] in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw Complaint("\(path): there is no such file or folder")
            }
            guard isFolder.boolValue else { return [path] }
            let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
                .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
            if names.isEmpty { throw Complaint("\(path): no .yaml file in it") }
            return names.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
        }
    }

    static func text(_ path: String) throws -> String {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Complaint("\(path): it cannot be read")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Complaint("\(path): it is not UTF-8 text")
        }
        return text
    }
}
