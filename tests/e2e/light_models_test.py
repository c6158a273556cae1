"""The convolutional models of the onnx wheel: with their stored outputs, and with random weights beside ONNX Runtime."""

import sys
import unittest

import jobs
import numpy as np
import onnx

sys.path.insert(0, str(jobs.MODELS))
from light_models import FOLDER, input_of, with_random_weights

NAMES = ("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19", "zfnet512")


class LightModels(unittest.TestCase):
    def folder_of(self, name, output, model):
        folder = jobs.SCRATCH / name
        folder.mkdir()
        onnx.save(model, folder / "model.onnx")
        input_name, values = input_of(model)
        jobs.write_tensor(folder / "input_0.pb", input_name, values)
        if output is None:
            (output,) = jobs.reference(folder / "model.onnx", {input_name: values}).values()
        jobs.write_tensor(folder / "output_0.pb", "output", output)
        return folder, np.abs(output).max()

    def check(self, case, *arguments, **options):
        folder, largest = case
        with self.subTest(folder=folder.name, arguments=arguments, **options):
            report = jobs.report(folder / "model.onnx", "--inputs", folder, "--expect", folder, "--rtol", 0, "--atol", 1e-4 * largest,
                                 *arguments, **options)
            self.assertTrue(report["expect"]["ok"])

    def test_stored_outputs(self):
        for name in NAMES:
            model = onnx.load(FOLDER / f"light_{name}.onnx")
            output = jobs.read_tensor(FOLDER / f"light_{name}_output_0.pb")
            self.check(self.folder_of(name, output, model), "--mesh", "tp=1")

    def test_random_weights(self):
        meshes = {"squeezenet": ("tp=1", "tp=2", "pp=2", "dp=2", "tp=3"), "shufflenet": ("tp=1", "tp=2", "pp=2"), "resnet50": ("tp=1",)}
        for name, shapes in meshes.items():
            case = self.folder_of(f"{name}_random", None, with_random_weights(onnx.load(FOLDER / f"light_{name}.onnx")))
            for mesh in shapes:
                self.check(case, "--mesh", mesh)
        self.check(self.folder_of("squeezenet_mpi", None, with_random_weights(onnx.load(FOLDER / "light_squeezenet.onnx"))), ranks=2)


if __name__ == "__main__":
    unittest.main()
