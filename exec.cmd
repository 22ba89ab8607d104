@rem package.json's commands begin with the shell's `exec`, which cmd.exe looks for here.
@echo Chatlane runs on Linux and macOS. On Windows use WSL: https://learn.microsoft.com/windows/wsl/install 1>&2
@exit /b 1
