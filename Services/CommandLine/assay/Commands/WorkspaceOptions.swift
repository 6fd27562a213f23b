import ArgumentParser
import Foundation

/// Where things are; shared by all commands.
struct WorkspaceOptions: ParsableArguments {
    @Option(help: "Folder of certificates, keys, configuration, logs and the services' data.")
    var data = ".assay"

    @Option(help: "Folder of the repository: where deploy/ is.")
    var root = "."

    var workspace: Workspace {
        Workspace(folder: URL(filePath: data).standardizedFileURL.path, root: root)
    }
}

/// The ports of the four processes.
struct PortOptions: ParsableArguments {
    @Option(help: "Port for clients.") var gatewayPort = 8443
    @Option(help: "Port of assay-risk.") var riskPort = 7002
    @Option(help: "Port of assay-models.") var modelsPort = 7001
    @Option(help: "Port of assay-features.") var featuresPort = 7003
    @Option(help: "Admin ports: this one and the three above it.") var adminPort = 9901
    @Flag(help: "Let the system choose all ports; run.json in the data folder tells which.")
    var anyPorts = false

    var ports: ServicePorts {
        if anyPorts { return ServicePorts(serving: [:], admin: [:]) }
        return ServicePorts(
            serving: [
                .gateway: gatewayPort, .risk: riskPort, .models: modelsPort,
                .features: featuresPort,
            ],
            admin: [
                .gateway: adminPort, .risk: adminPort + 1, .models: adminPort + 2,
                .features: adminPort + 3,
            ])
    }

    func validate() throws {
        let used =
            [gatewayPort, riskPort, modelsPort, featuresPort] + (0..<4).map { adminPort + $0 }
        guard used.allSatisfy({ (0...65535).contains($0) }) else {
            throw ValidationError("a port is 0 to 65535")
        }
    }
}
