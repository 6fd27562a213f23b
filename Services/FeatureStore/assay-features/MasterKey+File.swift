import ArgumentParser
import FeatureCore
import Foundation

extension MasterKey {
    static func read(file path: String) throws -> MasterKey {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ValidationError("--master-key: \(path) cannot be read")
        }
        guard let key = MasterKey(hex: text) else {
            throw ValidationError(
                "--master-key: \(path) must hold 64 hexadecimal digits (32 bytes), and nothing else"
            )
        }
        return key
    }
}
