import sys

from signing_agent.main import main

sys.exit(main())
